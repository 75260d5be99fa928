// Draws the digits of the TrueType and OpenType fonts on this machine as 28×28 training pictures.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLYPH_SIDE = 28 };

// How many pictures the examples train and test on.
enum { GLYPH_TRAIN_PICTURES = 40000, GLYPH_TEST_PICTURES = 10000 };

// The side of the split that a face is on. A whole family is on one side, chosen by its name alone,
// so the test pictures measure reading fonts that were never seen, on whatever machine.
enum glyph_side { GLYPHS_TRAIN = 0, GLYPHS_TEST = 1 };

// The usable fonts of a folder, with their digits.
struct glyph_fonts;

// Loads the fonts below `folder`, or NULL for where the system keeps them. Left out are symbol
// fonts, fonts without ten different digits, repeated ones, and test fonts that draw as a training
// font of another family does. Returns NULL, with a text in `message`, if either side stays empty.
// Fonts are trusted: stb_truetype doesn't check their offsets, so don't load a stranger's.
struct glyph_fonts *glyph_fonts_load(const char *folder, char *message, size_t message_size);
void glyph_fonts_free(struct glyph_fonts *fonts);

int64_t glyph_face_count(const struct glyph_fonts *fonts, enum glyph_side side);
int64_t glyph_family_count(const struct glyph_fonts *fonts, enum glyph_side side);

// The full name of the index-th face of a side.
const char *glyph_face_name(const struct glyph_fonts *fonts, enum glyph_side side, int64_t index);

// Draws a digit of a face, white on black, as it is.
void glyph_draw_clean(const struct glyph_fonts *fonts, enum glyph_side side, int64_t index,
                      int digit, uint8_t picture[GLYPH_SIDE * GLYPH_SIDE]);

// Renders `count` pictures of one side with random rotation, shear, scale, weight, shift, contrast
// and noise; families are drawn evenly, digits in equal numbers. The same fonts and seed give the
// same pictures. Returns 0, or -1 for want of memory.
int glyph_render(const struct glyph_fonts *fonts, enum glyph_side side, int64_t count,
                 uint64_t seed, struct dataset *set);

#ifdef __cplusplus
}
#endif
