// The program "digits" in C++, by cnn.hpp: teaches a network to read the printed digits of this
// machine's fonts, tries it on families of fonts that it never saw, and writes and reads the model.
//
//   digits_cpp [EPOCHS [DEVICE [MODEL]]]
#include <cnn/cnn.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "glyphs.h"

namespace {

// A set of pictures that frees itself.
struct Pictures : dataset {
    Pictures(const glyph_fonts *fonts, glyph_side side, int64_t count) : dataset{} {
        if (glyph_render(fonts, side, count, 0, this)) throw std::bad_alloc();
    }
    ~Pictures() { dataset_free(this); }
    Pictures(const Pictures &) = delete;
    Pictures &operator=(const Pictures &) = delete;

    cnn::Samples samples() const {
        const auto classes = static_cast<size_t>(count);
        return cnn::Samples(std::span(images, classes * dataset_image_bytes(this)))
            .labels(std::span(labels, classes))
            .scaled(1 / 255.0F);
    }
};

cnn::Net reader_of_digits() {
    cnn::Net net({.name = "digits"});
    auto n = net.input("image", {1, GLYPH_SIDE, GLYPH_SIDE});
    n = net.conv2d(n,
                   {.filters = 6, .kernel = {5}, .padding_mode = CNN_SAME, .activation = CNN_RELU});
    n = net.max_pool2d(n, {.window = {2}});
    n = net.conv2d(n, {.filters = 16, .kernel = {5}, .activation = CNN_RELU});
    n = net.max_pool2d(n, {.window = {2}});
    n = net.dense(n, {.units = 120, .activation = CNN_RELU});
    n = net.dense(n, {.units = 84, .activation = CNN_RELU});
    net.loss(net.dense(n, {.units = 10}), {.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

void run(int64_t epochs, const std::string &spec, const std::string &model) {
    char message[512];
    const std::unique_ptr<glyph_fonts, decltype(&glyph_fonts_free)> fonts(
        glyph_fonts_load(nullptr, message, sizeof message), glyph_fonts_free);
    if (!fonts) throw std::runtime_error(message);
    const Pictures train(fonts.get(), GLYPHS_TRAIN, 40000);
    const Pictures test(fonts.get(), GLYPHS_TEST, 10000);

    const cnn::Device device(spec);
    cnn::Net net = reader_of_digits();
    net.compile(device, {.max_batch = 64});
    cnn::Optimizer adamw(CNN_ADAMW);
    adamw.set(CNN_LEARNING_RATE, 4e-3).set(CNN_WEIGHT_DECAY, 0.1);
    const cnn_report report = net.fit(
        adamw, train.samples(), test.samples(),
        {.epochs = epochs, .batch = 64, .schedule = CNN_SCHEDULE_COSINE},
        [](const cnn_progress &p) {
            if (p.epoch_ended)
                std::printf("epoch %d  loss %.4f  %.2f%% right\n", static_cast<int>(p.epoch + 1),
                            p.loss, 100 * p.validation_accuracy);
        });
    std::printf("reads %.2f%% of fonts it never saw, %.0f images/s on %s\n",
                100 * report.validation_accuracy, report.samples_per_second, device.info().name);

    net.save(model);
    cnn::Net loaded = cnn::Net::load(model);
    loaded.compile(device, {.max_batch = 64});
    std::printf("loaded again: %.2f%%\n", 100 * loaded.evaluate(test.samples()).accuracy);
}

}  // namespace

int main(int argc, char **argv) {
    try {
        run(argc > 1 ? std::atoll(argv[1]) : 6, argc > 2 ? argv[2] : "auto",
            argc > 3 ? argv[3] : "digits.safetensors");
        return 0;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
