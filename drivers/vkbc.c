/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual keyboard controller: see vkbc.h. Called by the port router.
 */
#include "drivers/vkbc.h"

#include "kernel/string.h"

/* Commands to port 0x64. */
#define READ_MODE             0x20 /* to 0x3F: other bytes of the controller's memory, here 0 */
#define WRITE_MODE            0x60 /* takes a byte; to 0x7F as above */
#define MEMORY_COMMANDS       0xE0 /* the bits that make it READ_MODE or WRITE_MODE of any byte */
#define TEST_PASSWORD         0xA4
#define TEST_AUX              0xA9
#define SELF_TEST             0xAA
#define TEST_KEYBOARD         0xAB
#define DISABLE_KEYBOARD      0xAD
#define ENABLE_KEYBOARD       0xAE
#define READ_INPUT_PORT       0xC0
#define READ_OUTPUT_PORT      0xD0
#define WRITE_OUTPUT_PORT     0xD1 /* takes a byte */
#define WRITE_KEYBOARD        0xD2 /* takes a byte: as if the keyboard had sent it */
#define WRITE_AUX             0xD3 /* takes a byte */
#define SEND_AUX              0xD4 /* takes a byte: for the mouse */
#define CLOSE_A20             0xDD
#define OPEN_A20              0xDF
#define READ_TEST_INPUTS      0xE0
#define PULSE                 0xF0 /* to 0xFF: bits 3:0 clear pull output lines low */

#define MODE_SYSTEM           0x04
#define MODE_KEYBOARD_OFF     0x10
#define MODE_AUX_OFF          0x20
#define MODE_AFTER_RESET      (MODE_KEYBOARD_OFF | MODE_AUX_OFF)
#define SELF_TEST_PASSED      0x55
#define KEYBOARD_TEST_PASSED  0x00
#define AUX_CLOCK_STUCK       0x01 /* what tells drivers that there is no mouse port */
#define NO_PASSWORD           0xF1
#define RESEND                0xFE
#define INPUT_PORT            0x80 /* keyboard not locked */
#define OUTPUT_PORT_NOT_RESET 0x01
#define OUTPUT_PORT_A20       0x02

/* Commands with an answer that is always the same. */
static const struct {
    uint8_t command;
    uint8_t answer;
} answers[] = {
    {TEST_PASSWORD, NO_PASSWORD},
    {TEST_AUX, AUX_CLOCK_STUCK},
    {TEST_KEYBOARD, KEYBOARD_TEST_PASSED},
    {READ_INPUT_PORT, INPUT_PORT},
    {READ_TEST_INPUTS, 0},
};

static void answer(struct vkbc *kbc, uint8_t byte, uint8_t flags)
{
    kbc->output = byte;
    kbc->status &= (uint8_t) ~(KBC_STATUS_AUX | KBC_STATUS_TIMEOUT);
    kbc->status |= KBC_STATUS_OUTPUT | flags;
}

static void write_output_port(struct vkbc *kbc, uint8_t value)
{
    kbc->output_port = value | OUTPUT_PORT_NOT_RESET;
    if (!(value & OUTPUT_PORT_NOT_RESET))
        kbc->request(kbc->request_context, VPOWER_RESET, "keyboard controller");
}

static void self_test(struct vkbc *kbc)
{
    kbc->mode = MODE_AFTER_RESET | MODE_SYSTEM;
    kbc->status |= KBC_STATUS_SYSTEM;
    answer(kbc, SELF_TEST_PASSED, 0);
}

static void command(struct vkbc *kbc, uint8_t value)
{
    switch (value) {
    case SELF_TEST:
        self_test(kbc);
        return;
    case DISABLE_KEYBOARD:
        kbc->mode |= MODE_KEYBOARD_OFF;
        return;
    case ENABLE_KEYBOARD:
        kbc->mode &= (uint8_t)~MODE_KEYBOARD_OFF;
        return;
    case READ_OUTPUT_PORT:
        answer(kbc, kbc->output_port, 0);
        return;
    case CLOSE_A20:
        kbc->output_port &= (uint8_t)~OUTPUT_PORT_A20;
        return;
    case OPEN_A20:
        kbc->output_port |= OUTPUT_PORT_A20;
        return;
    case WRITE_OUTPUT_PORT:
    case WRITE_KEYBOARD:
    case WRITE_AUX:
    case SEND_AUX:
        kbc->pending_command = value;
        return;
    default:
        break;
    }
    if ((value & MEMORY_COMMANDS) == READ_MODE)
        answer(kbc, value == READ_MODE ? kbc->mode : 0, 0);
    else if ((value & MEMORY_COMMANDS) == WRITE_MODE)
        kbc->pending_command = value;
    else if (value >= PULSE && !(value & OUTPUT_PORT_NOT_RESET))
        kbc->request(kbc->request_context, VPOWER_RESET, "keyboard controller");
    for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].command == value)
            answer(kbc, answers[i].answer, 0);
    }
}

static void data(struct vkbc *kbc, uint8_t value)
{
    uint8_t pending = kbc->pending_command;

    kbc->pending_command = 0;
    switch (pending) {
    case WRITE_MODE:
        kbc->mode = value | MODE_AUX_OFF; /* there is no mouse port to turn on */
        break;
    case WRITE_OUTPUT_PORT:
        write_output_port(kbc, value);
        break;
    case WRITE_KEYBOARD:
        answer(kbc, value, 0);
        break;
    case WRITE_AUX:
    case SEND_AUX:
        answer(kbc, RESEND, KBC_STATUS_AUX | KBC_STATUS_TIMEOUT);
        break;
    case 0: /* for the keyboard */
        answer(kbc, RESEND, KBC_STATUS_TIMEOUT);
        break;
    default: /* another byte of the controller's memory */
        break;
    }
}

static uint64_t data_read(void *device, uint64_t offset, unsigned size)
{
    struct vkbc *kbc = device;

    (void)offset;
    (void)size;
    kbc->status &= (uint8_t) ~(KBC_STATUS_OUTPUT | KBC_STATUS_AUX | KBC_STATUS_TIMEOUT);
    return kbc->output;
}

static void data_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vkbc *kbc = device;

    (void)offset;
    (void)size;
    kbc->status &= (uint8_t)~KBC_STATUS_COMMAND;
    data(kbc, (uint8_t)value);
}

const struct device_ops vkbc_data_ops = {.read = data_read, .write = data_write};

static uint64_t command_read(void *device, uint64_t offset, unsigned size)
{
    const struct vkbc *kbc = device;

    (void)offset;
    (void)size;
    return kbc->status;
}

static void command_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vkbc *kbc = device;

    (void)offset;
    (void)size;
    kbc->status |= KBC_STATUS_COMMAND;
    kbc->pending_command = 0;
    command(kbc, (uint8_t)value);
}

const struct device_ops vkbc_command_ops = {.read = command_read, .write = command_write};

void vkbc_reset(struct vkbc *kbc)
{
    kbc->status = KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK; /* as firmware leaves it */
    kbc->output = 0;
    kbc->mode = MODE_AFTER_RESET | MODE_SYSTEM;
    kbc->output_port = OUTPUT_PORT_NOT_RESET | OUTPUT_PORT_A20;
    kbc->pending_command = 0;
}

void vkbc_init(struct vkbc *kbc, vpower_request_fn *request, void *context)
{
    memset(kbc, 0, sizeof(*kbc));
    kbc->request = request;
    kbc->request_context = context;
    vkbc_reset(kbc);
}
