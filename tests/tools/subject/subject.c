/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A UEFI application for the tests of tools/run and tools/mkimage, where
 * Bulkhead itself would be too much: says on COM1 that it is ready, then does
 * what single characters tell it, from SUBJECT_COMMANDS first and then from
 * COM1. Built by tests/tools/conftest.py; never part of the product.
 */
#include <efi.h>
#include <efilib.h>
#include <stdbool.h>

#include "subject.h"

#ifndef SUBJECT_COMMANDS
#define SUBJECT_COMMANDS ""
#endif

#define COM1                   0x3f8
#define COM1_LINE_STATUS       (COM1 + 5)
#define LINE_STATUS_DATA_READY 0x01
#define LINE_STATUS_THR_EMPTY  0x20
#define BOCHS_SHUTDOWN_PORT    0x8900
#define RESET_PORT             0xcf9
#define RESET_HARD             0x06
#define EXITS_PROVOKED         5

struct table_register {
    UINT16 limit;
    UINT64 base;
} __attribute__((packed));

static EFI_HANDLE own_image;

static void port_write(UINT16 port, UINT8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static UINT8 port_read(UINT16 port)
{
    UINT8 value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void byte_send(char byte)
{
    while (!(port_read(COM1_LINE_STATUS) & LINE_STATUS_THR_EMPTY))
        ;
    port_write(COM1, (UINT8)byte);
}

static char byte_receive(void)
{
    while (!(port_read(COM1_LINE_STATUS) & LINE_STATUS_DATA_READY))
        ;
    return (char)port_read(COM1);
}

static void text_send(const char *text)
{
    for (; *text; text++)
        byte_send(*text);
}

void say(const char *text)
{
    text_send(text);
    text_send("\r\n");
}

/* A count of instructions under Bochs with one CPU: equal runs say equal numbers. */
static void tsc_say(void)
{
    UINT32 low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    text_send("tsc ");
    for (int shift = 60; shift >= 0; shift -= 4)
        byte_send("0123456789abcdef"[(((UINT64)high << 32 | low) >> shift) & 15]);
    say("");
}

static void triple_fault(void)
{
    const struct table_register no_handlers = {0, 0};

    __asm__ volatile("lidt %0; int3" : : "m"(no_handlers));
}

/* The firmware's console reads COM1 by a timer, and would take characters that are not for it. */
static void console_keep(bool keep)
{
    static EFI_TPL before;

    if (keep)
        before = BS->RaiseTPL(TPL_HIGH_LEVEL);
    else
        BS->RestoreTPL(before);
}

static void file_write(void)
{
    EFI_LOADED_IMAGE *image;
    EFI_FILE_HANDLE file;
    UINTN size = 4;

    BS->HandleProtocol(own_image, &LoadedImageProtocol, (void **)&image);
    EFI_FILE_HANDLE root = LibOpenRoot(image->DeviceHandle);
    EFI_STATUS status =
        root->Open(root, &file, L"written",
                   EFI_FILE_MODE_CREATE | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(status)) {
        say("cannot write");
        return;
    }
    file->Write(file, &size, (void *)"text");
    file->Close(file);
    say("written");
}

static void act(char command)
{
    switch (command) {
    case 'o':
        say("off by port");
        for (const char *c = "Shutdown"; *c; c++)
            port_write(BOCHS_SHUTDOWN_PORT, (UINT8)*c);
        return;
    case 's':
        say("off by firmware");
        console_keep(false);
        RT->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
        return;
    case 'p':
        say("[    1.000] PANIC: a test");
        say("the last line of the report");
        return;
    case 'e':
        say("exception in the firmware's hands");
        __asm__ volatile("ud2");
        return;
    case 'r':
        say("reset");
        port_write(RESET_PORT, RESET_HARD);
        return;
    case 't':
        say("triple fault");
        triple_fault();
        return;
    case 'v':
        say(vmx_exits_provoke(EXITS_PROVOKED) ? "exits done" : "no VMX");
        return;
    case 'w':
        console_keep(false);
        file_write();
        console_keep(true);
        return;
    default:
        say("unknown command");
        return;
    }
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    InitializeLib(image, table);
    own_image = image;
    console_keep(true);
    Print(L"subject on the screen\n");
    tsc_say();
    say("subject ready");
    for (const char *command = SUBJECT_COMMANDS; *command; command++)
        act(*command);
    for (;;)
        act(byte_receive());
}
