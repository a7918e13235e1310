/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vdebug.c */
/*
 * The virtual debug console and POST code port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/vdebug.h"

static char printed[8];
static unsigned count;

static void output(void *context, uint8_t byte)
{
    assert_ptr_equal(context, printed);
    printed[count++ % sizeof(printed)] = (char)byte;
}

static void console_prints_and_says_that_it_is_there(void **state)
{
    struct vdebug debug;

    (void)state;
    vdebug_init(&debug, output, printed);
    assert_int_equal(vdebug_console_ops.read(&debug, 0, 1), 0xE9);
    vdebug_console_ops.write(&debug, 0, 1, 'o');
    vdebug_console_ops.write(&debug, 0, 1, 'k');
    assert_int_equal(count, 2);
    assert_memory_equal(printed, "ok", 2);
}

static void post_code_reads_back_until_reset(void **state)
{
    struct vdebug debug;

    (void)state;
    vdebug_init(&debug, output, printed);
    assert_int_equal(vdebug_post_ops.read(&debug, 0, 1), 0);
    vdebug_post_ops.write(&debug, 0, 1, 0x1A5);
    assert_int_equal(vdebug_post_ops.read(&debug, 0, 1), 0xA5);
    assert_int_equal(debug.post_code, 0xA5);
    vdebug_reset(&debug);
    assert_int_equal(vdebug_post_ops.read(&debug, 0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(console_prints_and_says_that_it_is_there),
        cmocka_unit_test(post_code_reads_back_until_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
