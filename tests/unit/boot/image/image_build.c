/* SPDX-License-Identifier: Apache-2.0 */
/* Small images and a view of laid-out guests for the tests of boot/image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

struct image parsed;
struct image_error parse_error;
struct image_request request;
struct vm_plan plan;
struct image_placement placement;
struct image_error layout_error;

static uint8_t blob[IMAGE_BLOB_SIZE];

void build_put16(uint8_t *data, size_t offset, uint16_t value)
{
    memcpy(data + offset, &value, sizeof(value));
}

void build_put32(uint8_t *data, size_t offset, uint32_t value)
{
    memcpy(data + offset, &value, sizeof(value));
}

void build_put64(uint8_t *data, size_t offset, uint64_t value)
{
    memcpy(data + offset, &value, sizeof(value));
}

size_t build_bzimage(uint8_t *data)
{
    memset(data, 0, BUILD_SIZE);
    data[0x1F1] = 3;                  /* setup_sects */
    build_put32(data, 0x1F4, 0x100);  /* syssize: 4 KiB */
    build_put16(data, 0x1FE, 0xAA55); /* boot_flag */
    data[0x200] = 0xEB;
    data[0x201] = 0x6A; /* header ends at 0x26C */
    memcpy(data + 0x202, "HdrS", 4);
    build_put16(data, 0x206, 0x020F);
    data[0x211] = 1;                      /* LOADED_HIGH */
    build_put32(data, 0x22C, 0x7FFFFFFF); /* initrd_addr_max */
    build_put32(data, 0x230, 0x200000);   /* kernel_alignment */
    data[0x234] = 1;                      /* relocatable_kernel */
    build_put16(data, 0x236, 0x0003);     /* KERNEL_64, CAN_BE_LOADED_ABOVE_4G */
    build_put32(data, 0x238, 100);        /* cmdline_size */
    build_put64(data, 0x258, 0x1000000);  /* pref_address */
    build_put32(data, 0x260, 0x100000);   /* init_size */
    memset(data + 0x800, 0xA5, 0x1000);
    return BUILD_BZIMAGE_SIZE;
}

static void put_phdr_64(uint8_t *at, const struct build_segment *s)
{
    build_put32(at, 0, s->type);
    build_put64(at, 8, s->offset);
    build_put64(at, 16, s->vaddr);
    build_put64(at, 24, s->paddr);
    build_put64(at, 32, s->filesz);
    build_put64(at, 40, s->memsz);
    build_put64(at, 48, s->align);
}

static void put_phdr_32(uint8_t *at, const struct build_segment *s)
{
    build_put32(at, 0, s->type);
    build_put32(at, 4, (uint32_t)s->offset);
    build_put32(at, 8, (uint32_t)s->vaddr);
    build_put32(at, 12, (uint32_t)s->paddr);
    build_put32(at, 16, (uint32_t)s->filesz);
    build_put32(at, 20, (uint32_t)s->memsz);
    build_put32(at, 28, (uint32_t)s->align);
}

size_t build_elf(uint8_t *data, const struct build_elf *elf)
{
    memset(data, 0, 0x1000);
    memcpy(data, "\177ELF", 4);
    data[4] = elf->is_64 ? 2 : 1;
    data[5] = 1;
    build_put16(data, 16, 2);
    build_put16(data, 18, elf->is_64 ? 62 : 3);
    if (elf->is_64) {
        build_put64(data, 24, elf->entry);
        build_put64(data, 32, 0x40);
        build_put16(data, 54, 56);
        build_put16(data, 56, (uint16_t)elf->segment_count);
    } else {
        build_put32(data, 24, (uint32_t)elf->entry);
        build_put32(data, 28, 0x40);
        build_put16(data, 42, 32);
        build_put16(data, 44, (uint16_t)elf->segment_count);
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        if (elf->is_64) {
            put_phdr_64(data + 0x40 + i * 56, &elf->segments[i]);
        } else {
            put_phdr_32(data + 0x40 + i * 32, &elf->segments[i]);
        }
    }
    return BUILD_SIZE;
}

size_t build_note(uint8_t *data, size_t offset, const char *owner, uint32_t type,
                  uint32_t desc_size, uint64_t desc, uint32_t align)
{
    const size_t name_size = strlen(owner) + 1;
    const size_t desc_at = (12 + name_size + align - 1) / align * align;
    build_put32(data, offset, (uint32_t)name_size);
    build_put32(data, offset + 4, desc_size);
    build_put32(data, offset + 8, type);
    memcpy(data + offset + 12, owner, name_size);
    memcpy(data + offset + desc_at, &desc, desc_size < 8 ? desc_size : 8);
    return desc_at + (desc_size + align - 1) / align * align;
}

size_t build_pvh(uint8_t *data, bool is_64)
{
    memset(data, 0, BUILD_SIZE);
    const size_t note = build_note(data, 0x2000, "Xen", 18, 4, BUILD_PVH_ENTRY, 4);
    const struct build_elf elf = {is_64,
                                  0x100000,
                                  2,
                                  {
                                      {1, 0x1000, 0x100000, 0x100000, 0x800, 0x2000, 0x1000},
                                      {4, 0x2000, 0, 0, note, note, 4},
                                  }};
    return build_elf(data, &elf);
}

void build_multiboot_header(uint8_t *data, size_t offset, uint32_t flags)
{
    build_put32(data, offset, 0x1BADB002);
    build_put32(data, offset + 4, flags);
    build_put32(data, offset + 8, 0u - 0x1BADB002u - flags);
}

size_t build_multiboot(uint8_t *data, bool is_64, uint32_t flags)
{
    memset(data, 0, BUILD_SIZE);
    build_multiboot_header(data, 0x1004, flags);
    const struct build_elf elf = {
        is_64, 0x100020, 1, {{1, 0x1000, 0x100000, 0x100000, 0x800, 0x2000, 0x1000}}};
    return build_elf(data, &elf);
}

bool build_parse(const uint8_t *data, size_t size, enum image_format format)
{
    static uint8_t *copy;
    free(copy);
    copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, data, size);
    memset(&parse_error, 0, sizeof(parse_error));
    const struct image_file file = {copy, size, HPA((uintptr_t)copy)};
    return image_parse(&file, format, &parsed, &parse_error);
}

void assert_refused(const uint8_t *data, size_t size, enum image_format format, const char *words)
{
    assert_false(build_parse(data, size, format));
    assert_string_equal(parse_error.text, words);
    assert_true(strlen(words) < sizeof(parse_error.text) - 1);
}

int build_reset(void **state)
{
    (void)state;
    memset(&request, 0, sizeof(request));
    memset(&plan, 0, sizeof(plan));
    memset(blob, 0xEE, sizeof(blob));
    request.kernel = &parsed;
    request.blob = blob;
    request.blob_hpa = HPA((uintptr_t)blob);
    return 0;
}

void build_memory(uint64_t gpa, uint64_t size)
{
    plan.memory[plan.memory_count++] = (struct vm_memory){GPA(gpa), HPA(gpa + GIB(64)), size};
}

static bool in_one_piece(const struct vm_load *load)
{
    for (uint32_t i = 0; i < plan.memory_count; i++) {
        const struct vm_memory *piece = &plan.memory[i];
        if (load->gpa.v >= piece->gpa.v && load->gpa.v - piece->gpa.v < piece->size) {
            return load->size <= piece->size - (load->gpa.v - piece->gpa.v);
        }
    }
    return false;
}

bool build_layout(void)
{
    memset(&layout_error, 0, sizeof(layout_error));
    if (!image_layout(&request, &plan, &placement, &layout_error)) {
        return false;
    }
    assert_true(placement.blob_used <= IMAGE_BLOB_SIZE);
    for (uint32_t i = 0; i < plan.load_count; i++) {
        const struct vm_load *a = &plan.loads[i];
        assert_true(a->size > 0);
        assert_true(in_one_piece(a));
        for (uint32_t j = 0; j < i; j++) {
            const struct vm_load *b = &plan.loads[j];
            assert_true(a->gpa.v + a->size <= b->gpa.v || b->gpa.v + b->size <= a->gpa.v);
        }
    }
    return true;
}

void assert_not_laid_out(const char *words)
{
    assert_false(build_layout());
    assert_string_equal(layout_error.text, words);
    assert_true(strlen(words) < sizeof(layout_error.text) - 1);
}

const uint8_t *guest_at(uint64_t gpa)
{
    for (uint32_t i = 0; i < plan.load_count; i++) {
        const struct vm_load *load = &plan.loads[i];
        if (gpa >= load->gpa.v && gpa - load->gpa.v < load->size) {
            return (const uint8_t *)(uintptr_t)load->hpa.v + (gpa - load->gpa.v);
        }
    }
    return NULL;
}

static uint64_t guest_value(uint64_t gpa, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        const uint8_t *at = guest_at(gpa + i);
        value |= (uint64_t)(at == NULL ? 0 : *at) << 8 * i;
    }
    return value;
}

uint16_t guest_u16(uint64_t gpa)
{
    return (uint16_t)guest_value(gpa, 2);
}

uint32_t guest_u32(uint64_t gpa)
{
    return (uint32_t)guest_value(gpa, 4);
}

uint64_t guest_u64(uint64_t gpa)
{
    return guest_value(gpa, 8);
}
