// Finds fonts, keeps a clean drawing of each digit, and distorts copies of it into pictures.
#define _POSIX_C_SOURCE 200809L
#include "glyphs.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_STATIC
#include <stb/stb_truetype.h>

enum {
    kDigits = 10,
    kFine = 3,                     // drawing is done this many times finer than the picture
    kMaster = 20 * kFine,          // a digit fills 20 of 28 pixels, as in MNIST
    kCanvas = GLYPH_SIDE * kFine,  // the picture, finely
    kPixels = GLYPH_SIDE * GLYPH_SIDE,
    kNameSize = 96,
    kMaxDepth = 16,  // of folders in folders
    kMaxFileBytes = 1 << 26,
    kTestOneIn = 4,  // families
};

struct glyph_face {
    char name[kNameSize];
    char family[kNameSize];
    enum glyph_side side;
    float stem;                // width of a stroke in fine pixels, from the '1'
    float centre[kDigits][2];  // of mass, x and y
    uint8_t ink[kDigits][kMaster * kMaster];
};

struct glyph_fonts {
    struct glyph_face **faces;  // by side, then family
    int64_t count, capacity;
    int64_t first[3];  // faces of side s are first[s] to first[s + 1]
};

// ---- Random numbers
// ------------------------------------------------------------------------------

// SplitMix64 (Steele, Lea, Flood 2014): tiny, and any seed is a good seed.
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static float uniform(uint64_t *state, float low, float high) {
    return low + (high - low) * (float)(next_random(state) >> 40) / (float)(1 << 24);
}

static int64_t below(uint64_t *state, int64_t limit) {
    return (int64_t)(next_random(state) % (uint64_t)limit);
}

// The sum of eight random bytes is close to normal: mean 1020, standard deviation 209.
static float normal(uint64_t *state) {
    uint64_t bits = next_random(state);
    int sum = 0;
    for (int i = 0; i < 8; i++, bits >>= 8) sum += (int)(bits & 255);
    return (float)(sum - 1020) / 209.0f;
}

// ---- Names
// ---------------------------------------------------------------------------------------

// Copies an entry of the font's name table as ASCII; false if there is none.
static int read_name(const stbtt_fontinfo *font, int id, char name[kNameSize]) {
    int length = 0, step = 2;  // Windows names are UTF-16, big-endian
    const char *text = stbtt_GetFontNameString(font, &length, STBTT_PLATFORM_ID_MICROSOFT,
                                               STBTT_MS_EID_UNICODE_BMP, STBTT_MS_LANG_ENGLISH, id);
    if (!text) {
        step = 1;
        text = stbtt_GetFontNameString(font, &length, STBTT_PLATFORM_ID_MAC, STBTT_MAC_EID_ROMAN,
                                       STBTT_MAC_LANG_ENGLISH, id);
    }
    if (!text) return 0;
    int used = 0;
    for (int i = step - 1; i < length && used < kNameSize - 1; i += step)
        name[used++] = isprint((unsigned char)text[i]) ? text[i] : '?';
    name[used] = 0;
    return used > 0;
}

// A family is known by the first word of its name: name tables list "Lato Light" and "DejaVu Sans
// Mono" as families of their own, but they are kin of "Lato" and "DejaVu Sans", and belong on the
// same side.
static void first_word(const char *name, char word[kNameSize]) {
    int i = 0;
    for (; name[i] && name[i] != ' ' && name[i] != '-'; i++)
        word[i] = (char)tolower((unsigned char)name[i]);
    word[i] = 0;
}

static enum glyph_side side_of(const char *family) {
    uint64_t hash = 0;
    for (; *family; family++) {
        hash ^= (uint64_t)(unsigned char)*family;
        hash = next_random(&hash);
    }
    return hash % kTestOneIn == 0 ? GLYPHS_TEST : GLYPHS_TRAIN;
}

static int is_symbol_font(const stbtt_fontinfo *font, const char *name) {
    static const char *const kWords[] = {"symbol",   "dingbat",  "icon",    "emoji",
                                         "ornament", "music",    "barcode", "braille",
                                         "keyboard", "initials", "awesome"};
    char lower[kNameSize];
    for (int i = 0; i < kNameSize; i++) lower[i] = (char)tolower((unsigned char)name[i]);
    for (size_t i = 0; i < sizeof kWords / sizeof *kWords; i++)
        if (strstr(lower, kWords[i])) return 1;
    // Byte 32 of the OS/2 table is PANOSE's kind of family; 5 is a symbol font.
    const uint32_t os2 = stbtt__find_table(font->data, (stbtt_uint32)font->fontstart, "OS/2");
    return os2 && font->data[os2 + 32] == 5;
}

// ---- Clean drawings
// ------------------------------------------------------------------------------

// Draws a digit as large as the square allows, centred; false if the font has no such glyph.
static int draw_master(const stbtt_fontinfo *font, int digit, uint8_t ink[kMaster * kMaster]) {
    int left, bottom, right, top;
    const int glyph = stbtt_FindGlyphIndex(font, '0' + digit);
    if (!glyph || !stbtt_GetGlyphBox(font, glyph, &left, &bottom, &right, &top)) return 0;
    const int longer = right - left > top - bottom ? right - left : top - bottom;
    if (longer <= 0) return 0;
    const float scale = (float)(kMaster - 2) / (float)longer;  // a pixel of margin for rounding
    stbtt_GetGlyphBitmapBox(font, glyph, scale, scale, &left, &top, &right, &bottom);
    const int width = right - left, height = bottom - top;
    if (width < 1 || height < kMaster / 3 || width > kMaster || height > kMaster) return 0;
    memset(ink, 0, kMaster * kMaster);
    uint8_t *corner = ink + (kMaster - height) / 2 * kMaster + (kMaster - width) / 2;
    stbtt_MakeGlyphBitmap(font, corner, width, height, kMaster, scale, scale, glyph);
    return 1;
}

// Finds the centre of mass; returns the ink, the full square being 1.
static float weigh(const uint8_t ink[kMaster * kMaster], float centre[2]) {
    double mass = 0, x_mass = 0, y_mass = 0;
    for (int y = 0; y < kMaster; y++)
        for (int x = 0; x < kMaster; x++) {
            const double v = ink[y * kMaster + x];
            mass += v;
            x_mass += v * x;
            y_mass += v * y;
        }
    if (mass > 0) {
        centre[0] = (float)(x_mass / mass);
        centre[1] = (float)(y_mass / mass);
    }
    return (float)(mass / (255.0 * kMaster * kMaster));
}

// How differently two drawings are inked: 0 the same, 1 nothing in common.
static double difference(const uint8_t *a, const uint8_t *b, size_t size) {
    long differing = 0, covered = 0;
    for (size_t i = 0; i < size; i++) {
        differing += abs(a[i] - b[i]);
        covered += a[i] > b[i] ? a[i] : b[i];
    }
    return covered ? (double)differing / (double)covered : 0;
}

// Draws all ten; false unless they are ten different shapes, neither empty nor full.
static int draw_digits(struct glyph_face *face, const stbtt_fontinfo *font) {
    for (int d = 0; d < kDigits; d++) {
        if (!draw_master(font, d, face->ink[d])) return 0;
        const float ink = weigh(face->ink[d], face->centre[d]);
        if (ink < 0.005f || ink > 0.8f) return 0;
        if (d == 1) face->stem = ink * kMaster;
        for (int e = 0; e < d; e++)
            if (difference(face->ink[d], face->ink[e], sizeof face->ink[d]) < 0.05) return 0;
    }
    return 1;
}

// ---- Finding fonts
// -------------------------------------------------------------------------------

static int add_face(struct glyph_fonts *fonts, struct glyph_face *face) {
    if (fonts->count == fonts->capacity) {
        const int64_t capacity = fonts->capacity ? 2 * fonts->capacity : 64;
        struct glyph_face **larger =
            realloc(fonts->faces, (size_t)capacity * sizeof(struct glyph_face *));
        if (!larger) return -1;
        fonts->faces = larger;
        fonts->capacity = capacity;
    }
    fonts->faces[fonts->count++] = face;
    return 0;
}

// Adds a font of a file if it can be used; fails only for want of memory.
static int try_font(struct glyph_fonts *fonts, const unsigned char *data, int offset) {
    enum { kFullName = 4, kFamilyName = 1, kTypographicFamily = 16 };
    stbtt_fontinfo font;
    char family[kNameSize];
    if (offset < 0 || !stbtt_InitFont(&font, data, offset)) return 0;
    struct glyph_face *face = calloc(1, sizeof *face);
    if (!face) return -1;
    const int named =
        (read_name(&font, kTypographicFamily, family) || read_name(&font, kFamilyName, family)) &&
        read_name(&font, kFullName, face->name);
    if (named && !is_symbol_font(&font, face->name) && draw_digits(face, &font)) {
        first_word(family, face->family);
        face->side = side_of(face->family);
        if (add_face(fonts, face) == 0) return 0;
        free(face);
        return -1;
    }
    free(face);
    return 0;
}

static int load_file(struct glyph_fonts *fonts, const char *path, size_t size) {
    unsigned char *data = malloc(size);
    if (!data) return -1;
    int status = 0;
    FILE *file = fopen(path, "rb");
    if (file && fread(data, 1, size, file) == size) {
        const int count = stbtt_GetNumberOfFonts(data);  // above 1 in a collection (.ttc)
        for (int i = 0; i < count && !status; i++)
            status = try_font(fonts, data, stbtt_GetFontOffsetForIndex(data, i));
    }
    if (file) fclose(file);
    free(data);
    return status;
}

static int has_font_ending(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot &&
           (!strcasecmp(dot, ".ttf") || !strcasecmp(dot, ".otf") || !strcasecmp(dot, ".ttc"));
}

// Loads every font below a folder; a folder that isn't there holds none.
static int load_folder(struct glyph_fonts *fonts, const char *folder, int depth) {
    DIR *directory = depth < kMaxDepth ? opendir(folder) : NULL;
    if (!directory) return 0;
    int status = 0;
    for (struct dirent *entry; !status && (entry = readdir(directory));) {
        char path[4096];
        struct stat info;
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || length < 0 || (size_t)length >= sizeof path ||
            stat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode))
            status = load_folder(fonts, path, depth + 1);
        else if (S_ISREG(info.st_mode) && has_font_ending(path) && info.st_size > 12 &&
                 info.st_size < kMaxFileBytes)
            status = load_file(fonts, path, (size_t)info.st_size);
    }
    closedir(directory);
    return status;
}

static int load_system_folders(struct glyph_fonts *fonts) {
    static const char *const kHomeFolders[] = {".fonts", ".local/share/fonts", "Library/Fonts"};
    int status = load_folder(fonts, "/usr/share/fonts", 0);
    if (!status) status = load_folder(fonts, "/usr/local/share/fonts", 0);
    if (!status) status = load_folder(fonts, "/Library/Fonts", 0);
    const char *home = getenv("HOME");
    for (size_t i = 0; home && !status && i < sizeof kHomeFolders / sizeof *kHomeFolders; i++) {
        char path[4096];
        const int length = snprintf(path, sizeof path, "%s/%s", home, kHomeFolders[i]);
        if (length > 0 && (size_t)length < sizeof path) status = load_folder(fonts, path, 0);
    }
    return status;
}

// ---- The set of fonts
// ----------------------------------------------------------------------------

// By side, family and name, whatever order the file system lists them in.
static int compare_faces(const void *left, const void *right) {
    const struct glyph_face *a = *(struct glyph_face *const *)left;
    const struct glyph_face *b = *(struct glyph_face *const *)right;
    if (a->side != b->side) return a->side < b->side ? -1 : 1;
    const int family = strcmp(a->family, b->family);
    if (family) return family;
    const int name = strcmp(a->name, b->name);
    return name ? name : memcmp(a->ink, b->ink, sizeof a->ink);
}

// A font is superfluous if one before it draws the very same, or, for a test font, if a training
// font draws nearly the same: foundries publish the same shapes under several names.
static int is_superfluous(const struct glyph_face *face, struct glyph_face *const *before,
                          int64_t count) {
    const double kNearlyTheSame = 0.12;
    for (int64_t i = 0; i < count; i++) {
        const int other_side = before[i]->side != face->side;
        if (difference(face->ink[0], before[i]->ink[0], sizeof face->ink) <=
            (other_side ? kNearlyTheSame : 0.0))
            return 1;
    }
    return 0;
}

static void sort_and_thin(struct glyph_fonts *fonts) {
    qsort(fonts->faces, (size_t)fonts->count, sizeof *fonts->faces, compare_faces);
    int64_t kept = 0;
    fonts->first[GLYPHS_TEST] = 0;
    for (int64_t i = 0; i < fonts->count; i++) {
        struct glyph_face *face = fonts->faces[i];
        if (is_superfluous(face, fonts->faces, kept)) {
            free(face);
            continue;
        }
        fonts->faces[kept++] = face;
        if (face->side == GLYPHS_TRAIN) fonts->first[GLYPHS_TEST] = kept;
    }
    fonts->count = fonts->first[2] = kept;
}

struct glyph_fonts *glyph_fonts_load(const char *folder, char *message, size_t message_size) {
    struct glyph_fonts *fonts = calloc(1, sizeof *fonts);
    if (!fonts || (folder ? load_folder(fonts, folder, 0) : load_system_folders(fonts))) {
        snprintf(message, message_size, "fonts: out of memory");
        glyph_fonts_free(fonts);
        return NULL;
    }
    if (fonts->count) sort_and_thin(fonts);
    if (glyph_face_count(fonts, GLYPHS_TRAIN) && glyph_face_count(fonts, GLYPHS_TEST)) return fonts;
    snprintf(message, message_size,
             "%s: too few fonts with digits: %d to train and %d to test; install more",
             folder ? folder : "fonts of this system", (int)glyph_face_count(fonts, GLYPHS_TRAIN),
             (int)glyph_face_count(fonts, GLYPHS_TEST));
    glyph_fonts_free(fonts);
    return NULL;
}

void glyph_fonts_free(struct glyph_fonts *fonts) {
    if (!fonts) return;
    for (int64_t i = 0; i < fonts->count; i++) free(fonts->faces[i]);
    free(fonts->faces);
    free(fonts);
}

int64_t glyph_face_count(const struct glyph_fonts *fonts, enum glyph_side side) {
    return fonts->first[side + 1] - fonts->first[side];
}

static const struct glyph_face *face_at(const struct glyph_fonts *fonts, enum glyph_side side,
                                        int64_t index) {
    return fonts->faces[fonts->first[side] + index];
}

const char *glyph_face_name(const struct glyph_fonts *fonts, enum glyph_side side, int64_t index) {
    return face_at(fonts, side, index)->name;
}

// The number of faces from `index` on that are of its family; faces are in order of family.
static int64_t family_size(const struct glyph_fonts *fonts, enum glyph_side side, int64_t index) {
    const char *family = face_at(fonts, side, index)->family;
    int64_t size = 1;
    while (index + size < glyph_face_count(fonts, side) &&
           !strcmp(face_at(fonts, side, index + size)->family, family))
        size++;
    return size;
}

int64_t glyph_family_count(const struct glyph_fonts *fonts, enum glyph_side side) {
    int64_t families = 0;
    for (int64_t i = 0; i < glyph_face_count(fonts, side); i += family_size(fonts, side, i))
        families++;
    return families;
}

// ---- Pictures
// ------------------------------------------------------------------------------------

// How one picture is distorted.
struct distortion {
    float matrix[4];  // from a canvas position to a position on the master, about the centres
    float shift[2];   // of the centre of mass from the middle, in fine pixels
    int weight;       // times that strokes grow by a fine pixel on each side, or shrink if negative
    float brightness;  // of full ink, 0 to 1
    float noise;       // standard deviation, of full ink 1
};

static const struct distortion kClean = {.matrix = {1, 0, 0, 1}, .brightness = 1};

static struct distortion random_distortion(uint64_t *random, float stem) {
    const float angle = uniform(random, -0.2f, 0.2f), shear = uniform(random, -0.2f, 0.2f);
    const float size = uniform(random, 0.85f, 1.05f), aspect = uniform(random, 0.9f, 1.1f);
    const float x = 1 / (size * aspect), y = aspect / size, c = cosf(angle), s = sinf(angle);
    // Rotate, shear along x, then scale; strokes thinner than a pixel may grow but not shrink.
    struct distortion d = {.matrix = {x * (c + shear * s), x * (s - shear * c), -y * s, y * c}};
    for (int i = 0; i < 2; i++) d.shift[i] = uniform(random, -1.5f * kFine, 1.5f * kFine);
    d.weight = (int)below(random, 4) - 1;
    if (stem < 2.0f * kFine && d.weight < 0) d.weight = 0;
    if (stem > 5.0f * kFine && d.weight > 0) d.weight = 0;
    d.brightness = uniform(random, 0.6f, 1.0f);
    d.noise = uniform(random, 0.0f, 0.08f);
    return d;
}

// The master's ink between its pixels; none outside.
static float sample(const uint8_t *ink, float x, float y) {
    const float x_floor = floorf(x), y_floor = floorf(y);
    const int left = (int)x_floor, top = (int)y_floor;
    if (left < 0 || top < 0 || left >= kMaster - 1 || top >= kMaster - 1) return 0;
    const uint8_t *p = ink + top * kMaster + left;
    const float u = x - x_floor, v = y - y_floor;
    return (1 - v) * ((1 - u) * p[0] + u * p[1]) + v * ((1 - u) * p[kMaster] + u * p[kMaster + 1]);
}

static void warp(const struct glyph_face *face, int digit, const struct distortion *d,
                 uint8_t canvas[kCanvas * kCanvas]) {
    const float middle = (kCanvas - 1) / 2.0f;
    for (int row = 0; row < kCanvas; row++)
        for (int column = 0; column < kCanvas; column++) {
            const float x = (float)column - middle - d->shift[0];
            const float y = (float)row - middle - d->shift[1];
            canvas[row * kCanvas + column] = (uint8_t)sample(
                face->ink[digit], face->centre[digit][0] + d->matrix[0] * x + d->matrix[1] * y,
                face->centre[digit][1] + d->matrix[2] * x + d->matrix[3] * y);
        }
}

static uint8_t larger(uint8_t a, uint8_t b) {
    return a > b ? a : b;
}
static uint8_t smaller(uint8_t a, uint8_t b) {
    return a < b ? a : b;
}

// Each pixel becomes the largest (strokes grow) or smallest of itself and its four neighbours. The
// outermost pixels stay.
static void change_weight(uint8_t canvas[kCanvas * kCanvas], uint8_t (*pick)(uint8_t, uint8_t)) {
    uint8_t old[kCanvas * kCanvas];
    memcpy(old, canvas, sizeof old);
    for (int row = 1; row < kCanvas - 1; row++)
        for (int column = 1; column < kCanvas - 1; column++) {
            const uint8_t *p = old + row * kCanvas + column;
            canvas[row * kCanvas + column] =
                pick(p[0], pick(pick(p[-1], p[1]), pick(p[-kCanvas], p[kCanvas])));
        }
}

// The mean of each block of fine pixels, with the brightness and noise of a scan.
static void shrink(const uint8_t canvas[kCanvas * kCanvas], const struct distortion *d,
                   uint64_t *random, uint8_t picture[kPixels]) {
    for (int i = 0; i < kPixels; i++) {
        const uint8_t *block = canvas + i / GLYPH_SIDE * kFine * kCanvas + i % GLYPH_SIDE * kFine;
        int sum = 0;
        for (int j = 0; j < kFine * kFine; j++) sum += block[j / kFine * kCanvas + j % kFine];
        float value = d->brightness * (float)sum / (float)(kFine * kFine);
        if (d->noise > 0) value += 255 * d->noise * normal(random);
        picture[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
    }
}

static void draw(const struct glyph_face *face, int digit, const struct distortion *d,
                 uint64_t *random, uint8_t picture[kPixels]) {
    uint8_t canvas[kCanvas * kCanvas];
    warp(face, digit, d, canvas);
    for (int i = 0; i < abs(d->weight); i++)
        change_weight(canvas, d->weight > 0 ? larger : smaller);
    shrink(canvas, d, random, picture);
}

void glyph_draw_clean(const struct glyph_fonts *fonts, enum glyph_side side, int64_t index,
                      int digit, uint8_t picture[kPixels]) {
    draw(face_at(fonts, side, index), digit, &kClean, NULL, picture);
}

// A random face of a random family.
static const struct glyph_face *pick_face(const struct glyph_fonts *fonts, enum glyph_side side,
                                          int64_t families, uint64_t *random) {
    int64_t first = 0;
    for (int64_t skip = below(random, families); skip > 0; skip--)
        first += family_size(fonts, side, first);
    return face_at(fonts, side, first + below(random, family_size(fonts, side, first)));
}

int glyph_render(const struct glyph_fonts *fonts, enum glyph_side side, int64_t count,
                 uint64_t seed, struct dataset *set) {
    *set = (struct dataset){.images = malloc((size_t)count * kPixels),
                            .labels = malloc((size_t)count),
                            .count = count,
                            .channels = 1,
                            .height = GLYPH_SIDE,
                            .width = GLYPH_SIDE};
    if (!set->images || !set->labels) {
        dataset_free(set);
        return -1;
    }
    const int64_t families = glyph_family_count(fonts, side);
    // The sides' streams differ, else test pictures would repeat the training's distortions.
    uint64_t random = 2 * seed + (uint64_t)side;
    for (int64_t i = 0; i < count; i++) {
        const struct glyph_face *face = pick_face(fonts, side, families, &random);
        const struct distortion d = random_distortion(&random, face->stem);
        set->labels[i] = (uint8_t)(i % kDigits);
        draw(face, set->labels[i], &d, &random, set->images + i * kPixels);
    }
    return 0;
}
