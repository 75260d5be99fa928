// The game's picture, drawn without any library, and a window to show it where SDL2 is there.
#include "game_view.h"

#include <math.h>
#include <stdio.h>

#ifdef CNN_EXAMPLE_SDL2
#include <SDL.h>
#endif

static uint32_t channel(uint32_t colour, int shift) {
    return colour >> shift & 255;
}

// The lighter of a and share * b, channel by channel.
static uint32_t lighter(uint32_t a, uint32_t b, float share) {
    uint32_t mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const uint32_t from = channel(a, shift), to = (uint32_t)(share * (float)channel(b, shift));
        mixed |= (from > to ? from : to) << shift;
    }
    return mixed;
}

void view_fade(struct view *v) {
    for (int i = 0; i < kViewHeight; i++)
        for (int j = 0; j < kViewWidth; j++) {
            const uint32_t p = v->pixels[i][j];
            v->pixels[i][j] = p - (p >> 3 & 0x1f1f1f) - ((p >> 2 | p >> 1 | p) & 0x010101);
        }
}

void view_disc(struct view *v, float x, float y, float radius, uint32_t colour) {
    const float cx = x * kViewWidth, cy = (1 - y) * kViewHeight;
    for (int i = (int)(cy - radius) - 1; i <= (int)(cy + radius) + 1; i++)
        for (int j = (int)(cx - radius) - 1; j <= (int)(cx + radius) + 1; j++) {
            const float dx = (float)j + 0.5f - cx, dy = (float)i + 0.5f - cy;
            const float inside = radius + 0.5f - sqrtf(dx * dx + dy * dy);
            if (i < 0 || j < 0 || i >= kViewHeight || j >= kViewWidth || inside <= 0) continue;
            v->pixels[i][j] = lighter(v->pixels[i][j], colour, inside < 1 ? inside : 1);
        }
}

void view_bar(struct view *v, float x, float y, float width, float height, uint32_t colour) {
    const int left = (int)(x * kViewWidth - width / 2), top = (int)((1 - y) * kViewHeight - height);
    for (int i = top; i < top + (int)height; i++)
        for (int j = left; j < left + (int)width; j++)
            if (i >= 0 && j >= 0 && i < kViewHeight && j < kViewWidth)
                v->pixels[i][j] = lighter(v->pixels[i][j], colour, 1);
}

int view_save(const struct view *v, const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fprintf(file, "P6\n%d %d\n255\n", kViewWidth, kViewHeight);
    for (int i = 0; i < kViewHeight; i++)
        for (int j = 0; j < kViewWidth; j++)
            for (int shift = 16; shift >= 0; shift -= 8)
                fputc((int)channel(v->pixels[i][j], shift), file);
    const int good = !ferror(file);
    return fclose(file) == 0 && good;
}

#ifdef CNN_EXAMPLE_SDL2

int view_open(struct view *v, const char *title) {
    const int any = SDL_WINDOWPOS_UNDEFINED;
    if (SDL_Init(SDL_INIT_VIDEO) == 0 &&
        (v->window = SDL_CreateWindow(title, any, any, kViewWidth, kViewHeight, 0)) &&
        (v->renderer = SDL_CreateRenderer(v->window, -1, 0)) &&
        (v->texture = SDL_CreateTexture(v->renderer, SDL_PIXELFORMAT_RGB888,
                                        SDL_TEXTUREACCESS_STREAMING, kViewWidth, kViewHeight)))
        return 1;
    fprintf(stderr, "no window: %s; try --headless\n", SDL_GetError());
    return 0;
}

int view_show(struct view *v) {
    static Uint32 next;
    SDL_UpdateTexture(v->texture, NULL, v->pixels, kViewWidth * (int)sizeof v->pixels[0][0]);
    SDL_RenderCopy(v->renderer, v->texture, NULL, NULL);
    SDL_RenderPresent(v->renderer);
    // 60 frames a second: 50 ms for three.
    static int frame;
    const Uint32 now = SDL_GetTicks();
    next += frame++ % 3 ? 17 : 16;
    if (next > now && next < now + 50)
        SDL_Delay(next - now);
    else
        next = now;
    for (SDL_Event event; SDL_PollEvent(&event);)
        if (event.type == SDL_QUIT ||
            (event.type == SDL_KEYDOWN && event.key.keysym.sym == SDLK_ESCAPE))
            return 0;
    return 1;
}

void view_close(struct view *v) {
    if (!v->window) return;
    SDL_DestroyTexture(v->texture);
    SDL_DestroyRenderer(v->renderer);
    SDL_DestroyWindow(v->window);
    SDL_Quit();
}

#else

int view_open(struct view *v, const char *title) {
    (void)v, (void)title;
    fprintf(stderr, "no window: built without SDL2; try --headless\n");
    return 0;
}

int view_show(struct view *v) {
    (void)v;
    return 0;
}

void view_close(struct view *v) {
    (void)v;
}

#endif
