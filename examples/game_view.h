// The game's picture, drawn without any library, and a window to show it where SDL2 is there.
#ifndef CNN_EXAMPLES_GAME_VIEW_H
#define CNN_EXAMPLES_GAME_VIEW_H

#include <stdint.h>

enum { kViewWidth = 640, kViewHeight = 480 };

struct view {
    uint32_t pixels[kViewHeight][kViewWidth];  // 0xRRGGBB
    void *window, *renderer, *texture;         // of SDL2, while a window is open
};

// Dims what there is, so that what moves leaves a trail.
void view_fade(struct view *v);
// Places are in [0, 1], y upwards, sizes in pixels; of two colours the lighter stays.
void view_disc(struct view *v, float x, float y, float radius, uint32_t colour);
void view_bar(struct view *v, float x, float y, float width, float height, uint32_t colour);
// Writes a PPM file; 0 when it can't.
int view_save(const struct view *v, const char *path);

// 0 where there is no window to be had, with a message on stderr.
int view_open(struct view *v, const char *title);
// Shows the picture, waiting for the screen; 0 when the player closed the window.
int view_show(struct view *v);
void view_close(struct view *v);

#endif
