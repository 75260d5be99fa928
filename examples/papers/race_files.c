// Writes the curves of a race as comma-separated values and as a drawing.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "race.h"

int curve_add(struct curve *curve, double evaluations, double seconds, double value) {
    if (curve->count == curve->capacity) {
        const int capacity = curve->capacity ? 2 * curve->capacity : 64;
        void *const more = realloc(curve->points, (size_t)capacity * sizeof *curve->points);
        if (!more) return 1;
        curve->points = more;
        curve->capacity = capacity;
    }
    const struct curve_point point = {evaluations, seconds, value};
    curve->points[curve->count++] = point;
    return 0;
}

void curve_free(struct curve *curve) {
    free(curve->points);
}

static void write_csv(FILE *file, const struct curve *curves, int count) {
    fprintf(file, "optimizer,evaluations,seconds,loss\n");
    for (int i = 0; i < count; i++)
        for (int p = 0; p < curves[i].count; p++)
            fprintf(file, "%s,%.0f,%.6f,%.9g\n", curves[i].name, curves[i].points[p].evaluations,
                    curves[i].points[p].seconds, curves[i].points[p].value);
}

// ---- The drawing ----

enum { kWidth = 960, kHeight = 600, kLeft = 70, kRight = 190, kTop = 30, kBottom = 50 };

// What the axes span, in decades.
struct axes {
    double x_begin, x_end, y_begin, y_end;
};

static double x_of(const struct axes *axes, double evaluations) {
    const double share =
        (log10(fmax(evaluations, 1)) - axes->x_begin) / fmax(axes->x_end - axes->x_begin, 1e-9);
    return kLeft + share * (kWidth - kLeft - kRight);
}

static double y_of(const struct axes *axes, double value) {
    const double floor = pow(10, axes->y_begin);
    const double share =
        (axes->y_end - log10(fmax(value, floor))) / fmax(axes->y_end - axes->y_begin, 1e-9);
    return kTop + share * (kHeight - kTop - kBottom);
}

// Values below 1e-14 lie on the lower edge.
static struct axes axes_of(const struct curve *curves, int count) {
    struct axes axes = {0, 1, 0, -20};
    for (int i = 0; i < count; i++)
        for (int p = 0; p < curves[i].count; p++) {
            const struct curve_point *point = &curves[i].points[p];
            if (!isfinite(point->value)) continue;
            const double decade = log10(fmax(point->value, 1e-14));
            axes.x_end = fmax(axes.x_end, log10(fmax(point->evaluations, 1)));
            axes.y_begin = fmin(axes.y_begin, floor(decade));
            axes.y_end = fmax(axes.y_end, ceil(decade));
        }
    return axes;
}

static void write_grid(FILE *file, const struct axes *axes) {
    for (int e = (int)axes->x_begin; e <= axes->x_end; e++) {
        const double x = x_of(axes, pow(10, e));
        fprintf(file, "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='#ddd'/>\n", x, kTop, x,
                kHeight - kBottom);
        fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>1e%d</text>\n", x,
                kHeight - kBottom + 18, e);
    }
    for (int e = (int)axes->y_begin; e <= axes->y_end; e++) {
        const double y = y_of(axes, pow(10, e));
        fprintf(file, "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>\n", kLeft, y,
                kWidth - kRight, y);
        fprintf(file, "<text x='%d' y='%.1f' text-anchor='end'>1e%d</text>\n", kLeft - 8, y + 4, e);
    }
    fprintf(file, "<text x='%d' y='%d' text-anchor='middle'>evaluations of the loss</text>\n",
            (kLeft + kWidth - kRight) / 2, kHeight - 10);
    fprintf(file, "<text x='%d' y='%d'>loss</text>\n", kLeft, kTop - 10);
}

static void write_curve(FILE *file, const struct axes *axes, const struct curve *curve, int index,
                        int count) {
    const int hue = 360 * index / count, light = index % 2 ? 35 : 50;
    fprintf(file, "<polyline fill='none' stroke='hsl(%d,80%%,%d%%)' stroke-width='2' points='", hue,
            light);
    double last = -10;
    for (int p = 0; p < curve->count; p++) {
        const struct curve_point *point = &curve->points[p];
        const double x = x_of(axes, point->evaluations);
        // Points nearer than half a pixel aren't seen.
        if (!isfinite(point->value) || (x < last + 0.5 && p + 1 < curve->count)) continue;
        fprintf(file, "%.1f,%.1f ", x, y_of(axes, point->value));
        last = x;
    }
    fprintf(file, "'/>\n");
    const int y = kTop + 14 + 22 * index;
    fprintf(file,
            "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='hsl(%d,80%%,%d%%)' stroke-width='3'/>\n",
            kWidth - kRight + 12, y - 4, kWidth - kRight + 36, y - 4, hue, light);
    fprintf(file, "<text x='%d' y='%d'>%s</text>\n", kWidth - kRight + 42, y, curve->name);
}

static void write_svg(FILE *file, const struct curve *curves, int count) {
    const struct axes axes = axes_of(curves, count);
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
            "font-family='sans-serif' font-size='12'>\n"
            "<rect width='100%%' height='100%%' fill='white'/>\n",
            kWidth, kHeight);
    write_grid(file, &axes);
    for (int i = 0; i < count; i++)
        if (curves[i].count > 0) write_curve(file, &axes, &curves[i], i, count);
    fprintf(file, "</svg>\n");
}

int curves_write(const char *folder, const struct curve *curves, int count) {
    static const struct {
        const char *name;
        void (*write)(FILE *, const struct curve *, int);
    } files[] = {{"race.csv", write_csv}, {"race.svg", write_svg}};
    for (int i = 0; i < 2; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        FILE *const file = fopen(path, "w");
        if (file) files[i].write(file, curves, count);
        if (!file || ferror(file) | fclose(file)) return perror(path), 1;
        if (count > 0) printf("wrote %s\n", path);
    }
    return 0;
}
