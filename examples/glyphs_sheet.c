// Writes contact sheets of what glyphs.c draws: glyphs_sheet FILE.pgm [clean|train|test] [FONTS]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyphs.h"

enum { kColumns = 30, kCell = GLYPH_SIDE + 2, kMaxRows = 200 };

static void place(uint8_t *sheet, int64_t cell, const uint8_t *picture) {
    uint8_t *corner = sheet + cell / kColumns * kCell * kColumns * kCell + cell % kColumns * kCell;
    for (int y = 0; y < GLYPH_SIDE; y++)
        memcpy(corner + y * kColumns * kCell, picture + y * GLYPH_SIDE, GLYPH_SIDE);
}

// Three faces of a side a row, each with its ten digits; names go to the standard output. Returns
// the next free cell.
static int64_t place_clean(uint8_t *sheet, int64_t cell, const struct glyph_fonts *fonts,
                           enum glyph_side side) {
    for (int64_t i = 0; i < glyph_face_count(fonts, side) && cell < kMaxRows * kColumns; i++) {
        printf("row %3d, %d: %s, %s\n", (int)(cell / kColumns), (int)(cell % kColumns / 10),
               side == GLYPHS_TEST ? "test" : "train", glyph_face_name(fonts, side, i));
        for (int digit = 0; digit < 10; digit++) {
            uint8_t picture[GLYPH_SIDE * GLYPH_SIDE];
            glyph_draw_clean(fonts, side, i, digit, picture);
            place(sheet, cell++, picture);
        }
    }
    return cell;
}

// A page of training or test pictures.
static int64_t place_random(uint8_t *sheet, const struct glyph_fonts *fonts, enum glyph_side side) {
    struct dataset set;
    if (glyph_render(fonts, side, 20 * kColumns, 1, &set)) return 0;
    for (int64_t i = 0; i < set.count; i++)
        place(sheet, i, set.images + i * GLYPH_SIDE * GLYPH_SIDE);
    dataset_free(&set);
    return 20 * kColumns;
}

int main(int argc, char **argv) {
    const char *mode = argc > 2 ? argv[2] : "clean";
    char message[512];
    if (argc < 2 || argc > 4)
        return fprintf(stderr, "usage: %s FILE.pgm [clean|train|test] [FONTS]\n", argv[0]), 2;
    struct glyph_fonts *fonts =
        glyph_fonts_load(argc > 3 ? argv[3] : NULL, message, sizeof message);
    if (!fonts) return fprintf(stderr, "%s\n", message), 1;

    uint8_t *sheet = calloc(kMaxRows * kCell, kColumns * kCell);
    FILE *file = fopen(argv[1], "wb");
    int status = 1;
    if (sheet && file) {
        int64_t cells = 0;
        if (strcmp(mode, "clean")) {
            cells = place_random(sheet, fonts, strcmp(mode, "test") ? GLYPHS_TRAIN : GLYPHS_TEST);
        } else {
            cells = place_clean(sheet, cells, fonts, GLYPHS_TRAIN);
            cells = place_clean(sheet, cells, fonts, GLYPHS_TEST);
        }
        const size_t rows = (size_t)((cells + kColumns - 1) / kColumns) * kCell;
        const size_t width = kColumns * kCell;
        fprintf(file, "P5\n%zu %zu\n255\n", width, rows);
        status = fwrite(sheet, width, rows, file) != rows;
    }
    if (file && fclose(file)) status = 1;
    if (status) fprintf(stderr, "%s: cannot be written\n", argv[1]);
    free(sheet);
    glyph_fonts_free(fonts);
    return status;
}
