// What a call costs in a program: on the smallest network, 2-3-1 at batch 1, through cnn.h and
// through cnn.hpp, nanoseconds of this thread's time, the median of several rounds.
//
//   call_overhead [DEVICE]
#include <time.h>

#include <algorithm>
#include <array>
#include <cnn/cnn.hpp>
#include <cstdio>
#include <exception>

namespace {

constexpr int kRounds = 15, kCalls = 20000;

double thread_nanoseconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

template <class Call>
double median_of(const Call &call) {
    std::array<double, kRounds> rounds{};
    for (double &round : rounds) {
        const double began = thread_nanoseconds();
        for (int i = 0; i < kCalls; ++i) call();
        round = (thread_nanoseconds() - began) / kCalls;
    }
    std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
    return rounds[kRounds / 2];
}

void measure(const char *spec) {
    cnn::Net net;
    cnn_dense hidden{}, last{};
    hidden.units = 3;
    hidden.activation = CNN_TANH;
    last.units = 1;
    cnn_loss squares{};
    squares.kind = CNN_LOSS_MSE;
    net.loss(net.dense(net.dense(net.input("x", {2}), hidden), last), squares);
    net.compile(cnn::Device(spec));
    const std::array<float, 2> x{0, 1};
    std::array<float, 1> y{};
    cnn_error error{};
    const auto tell = [spec](const char *call, double c, double cpp) {
        std::printf("%s of 2-3-1 on %s: C %.0f ns, C++ %.0f ns\n", call, spec, c, cpp);
    };
    tell("cnn_net_run",
         median_of([&] { (void)cnn_net_run(net.get(), x.data(), 2, y.data(), 1, &error); }),
         median_of([&] { net.run(x, y); }));
    const std::array<float, 1> target{1};
    const cnn::Samples samples = cnn::Samples(x).targets(target);
    cnn::Optimizer sgd(CNN_SGD);
    double loss = 0;
    tell("cnn_net_train_step", median_of([&] {
             (void)cnn_net_train_step(net.get(), sgd.get(), &samples.value, &loss, &error);
         }),
         median_of([&] { loss += net.train_step(sgd, samples); }));
    cnn_evaluation quality{};
    tell("cnn_net_evaluate",
         median_of([&] { (void)cnn_net_evaluate(net.get(), &samples.value, &quality, &error); }),
         median_of([&] { quality = net.evaluate(samples); }));
}

}  // namespace

int main(int argc, char **argv) {
    try {
        measure(argc > 1 ? argv[1] : "cpu");
        return 0;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
