/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual power-off and reset ports: see vpower.h. Called by the port router and, for 0xCF9,
 * by the virtual PCI bus that shares that dword.
 */
#include "drivers/vpower.h"

#include "drivers/guest_platform.h"
#include "kernel/string.h"

#define CF9_RST_CPU   0x04
#define CF9_WRITABLE  0x0E /* SYS_RST, RST_CPU, FULL_RST */
#define PORT92_RESET  0x01
#define PORT92_A20    0x02
#define STATUS_OFFSET (GUEST_SLEEP_STATUS - GUEST_SLEEP_CONTROL)
#define RESET_OFFSET  (GUEST_RESET_PORT - GUEST_SLEEP_CONTROL)

_Static_assert(STATUS_OFFSET == 1 && RESET_OFFSET == 2 && VPOWER_ACPI_PORT_COUNT == 3,
               "the three ACPI registers follow each other");

/* The control register is write only, WAK_STS never comes: this machine has no S1 to S4. */
static uint64_t acpi_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void write_sleep_control(const struct vpower *power, uint8_t value)
{
    unsigned type = (unsigned)(value & GUEST_SLEEP_TYPE_MASK) >> GUEST_SLEEP_TYPE_SHIFT;

    if ((value & GUEST_SLEEP_ENABLE) && type == GUEST_SLEEP_TYPE_S5)
        power->request(power->request_context, VPOWER_OFF, "ACPI sleep control register");
}

static void acpi_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    const struct vpower *power = device;

    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if (offset + i == 0)
            write_sleep_control(power, byte);
        else if (offset + i == RESET_OFFSET && byte == GUEST_RESET_VALUE)
            power->request(power->request_context, VPOWER_RESET, "ACPI reset register");
    }
}

const struct device_ops vpower_acpi_ops = {.read = acpi_read, .write = acpi_write};

static uint64_t cf9_read(void *device, uint64_t offset, unsigned size)
{
    const struct vpower *power = device;

    (void)offset;
    (void)size;
    return power->reset_control;
}

/* RST_CPU is not stored, so that each write of it is a change from 0 to 1. */
static void cf9_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpower *power = device;

    (void)offset;
    (void)size;
    power->reset_control = (uint8_t)value & CF9_WRITABLE & ~CF9_RST_CPU;
    if (value & CF9_RST_CPU)
        power->request(power->request_context, VPOWER_RESET, "reset control register 0xCF9");
}

const struct device_ops vpower_cf9_ops = {.read = cf9_read, .write = cf9_write};

static uint64_t port92_read(void *device, uint64_t offset, unsigned size)
{
    const struct vpower *power = device;

    (void)offset;
    (void)size;
    return power->port92;
}

static void port92_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpower *power = device;

    (void)offset;
    (void)size;
    power->port92 = (uint8_t)value & PORT92_A20;
    if (value & PORT92_RESET)
        power->request(power->request_context, VPOWER_RESET, "port 0x92");
}

const struct device_ops vpower_port92_ops = {.read = port92_read, .write = port92_write};

void vpower_reset(struct vpower *power)
{
    power->reset_control = 0;
    power->port92 = PORT92_A20;
}

void vpower_init(struct vpower *power, vpower_request_fn *request, void *context)
{
    memset(power, 0, sizeof(*power));
    power->request = request;
    power->request_context = context;
    vpower_reset(power);
}
