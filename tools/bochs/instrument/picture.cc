/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen as a picture, whatever display library Bochs runs with. Bochs can
 * draw the screen into a buffer of its own (its snapshot mode, meant for a
 * button); this turns that buffer into a PPM. Called by instrument.cc.
 */
#include "picture.h"
#include "bochs.h"
#include "gui/gui.h"
#include "iodev/iodev.h"

#include <string>
#include <vector>

/* Names the inherited members that only a display library may use. */
struct gui_members : bx_gui_c {
    static unsigned snapshot(bool on)
    {
        return set_snapshot_mode(on);
    }
    static unsigned width(bx_gui_c *gui)
    {
        return gui->*(&gui_members::guest_xres);
    }
    static unsigned height(bx_gui_c *gui)
    {
        return gui->*(&gui_members::guest_yres);
    }
    static unsigned depth(bx_gui_c *gui)
    {
        return gui->*(&gui_members::guest_bpp);
    }
    static void colour(bx_gui_c *gui, unsigned index, unsigned char *rgb)
    {
        auto &palette = gui->*(&gui_members::palette);

        rgb[0] = palette[index & 0xff].red;
        rgb[1] = palette[index & 0xff].green;
        rgb[2] = palette[index & 0xff].blue;
    }
};

/* One pixel of `depth` bits at `from` as red, green, blue. */
static void pixel_to_rgb(bx_gui_c *gui, unsigned depth, const unsigned char *from,
                         unsigned char *rgb)
{
    unsigned value = from[0] | (depth > 8 ? from[1] << 8 : 0);

    switch (depth) {
    case 15:
        rgb[0] = (unsigned char)((value >> 7) & 0xf8);
        rgb[1] = (unsigned char)((value >> 2) & 0xf8);
        rgb[2] = (unsigned char)((value << 3) & 0xf8);
        return;
    case 16:
        rgb[0] = (unsigned char)((value >> 8) & 0xf8);
        rgb[1] = (unsigned char)((value >> 3) & 0xfc);
        rgb[2] = (unsigned char)((value << 3) & 0xf8);
        return;
    case 24:
    case 32:
        rgb[0] = from[2];
        rgb[1] = from[1];
        rgb[2] = from[0];
        return;
    default:
        gui_members::colour(gui, value, rgb);
        return;
    }
}

/* The snapshot buffer's pixels, three bytes each. */
static std::vector<unsigned char> pixels_rgb(unsigned width, unsigned height, unsigned depth)
{
    const unsigned bytes = (depth + 1) >> 3;
    const unsigned char *from = bx_gui->get_snapshot_buffer();
    std::vector<unsigned char> rgb(3 * (size_t)width * height);

    for (size_t i = 0; i < (size_t)width * height; i++)
        pixel_to_rgb(bx_gui, depth, from + i * bytes, &rgb[3 * i]);
    return rgb;
}

bool picture_write(const char *path)
{
    if (!bx_gui || !bx_devices.pluginVgaDevice)
        return false;

    const unsigned width = gui_members::width(bx_gui);
    const unsigned height = gui_members::height(bx_gui);
    const unsigned depth = gui_members::depth(bx_gui);
    if (!width || !height || depth < 8)
        return false;
    if (!gui_members::snapshot(true))
        return false;
    const std::vector<unsigned char> rgb = pixels_rgb(width, height, depth);
    gui_members::snapshot(false);

    const std::string part = std::string(path) + ".part";
    FILE *file = fopen(part.c_str(), "wb");
    if (!file)
        return false;
    fprintf(file, "P6\n%u %u\n255\n", width, height);
    const bool whole = fwrite(rgb.data(), 1, rgb.size(), file) == rgb.size();
    if (fclose(file) != 0 || !whole)
        return false;
    return rename(part.c_str(), path) == 0;
}
