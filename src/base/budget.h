// The time that a call may take, and what pieces of work are predicted to take of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace cnn {

// How long a piece of work takes, cautiously: nearly all of its runs take less.
class Prediction {
  public:
    bool known() const { return high_ > 0; }
    double seconds() const { return high_; }
    // What a measurement found: its least, and what few runs exceed.
    void set(double least, double high) {
        typical_ = least;
        high_ = std::max(high, least);
    }
    // Corrects by a run. Ups and downs balance where one run in a hundred takes longer; one that
    // was held up (its thread lost the processor) doesn't spoil those after it.
    void saw(double seconds) {
        if (!known()) return set(seconds, seconds);
        typical_ *= seconds > typical_ ? kTypicalStep : 1 / kTypicalStep;
        high_ *= seconds > high_ ? std::min(seconds / high_, kUp) : kDown;
        high_ = std::max(high_, typical_);
    }
    // It had a whole call and yet wasn't run: so that caution alone doesn't keep it out forever.
    void passed_over() { high_ = std::max(typical_, high_ * kPassedOver); }

  private:
    static constexpr double kUp = 1.25, kDown = 0.9975, kPassedOver = 0.98, kTypicalStep = 1.02;

    double typical_ = 0, high_ = 0;
};

class Budget {
  public:
    using Clock = std::chrono::steady_clock;

    // Runs from now on; negative: without end.
    explicit Budget(double microseconds)
        : limit_(microseconds < 0 ? std::numeric_limits<double>::infinity() : microseconds * 1e-6) {
    }

    // Seconds since the call began, as of the latest piece's end.
    double spent() const { return spent_; }
    double seconds() { return spent_ = since(start_); }
    // Only planning and measuring is asked for.
    bool is_empty() const { return limit_ == 0; }
    // Predicted seconds of a call that does just the piece that there was no time for; 0: all were
    // done.
    double next() const { return next_; }

    // Runs the piece if as much time as it is predicted to take is left, and corrects the
    // prediction; else false.
    template <class Piece>
    bool spend(Prediction &prediction, Piece &&piece) {
        if (!allows(prediction)) return false;
        const double begin = spent_;
        piece();
        prediction.saw(std::max(seconds() - begin, kLeast));
        worked_ = true;
        return true;
    }

  private:
    static constexpr double kLeast = 1e-9;

    static double since(Clock::time_point start) {
        return std::chrono::duration<double>(Clock::now() - start).count();
    }
    bool allows(Prediction &prediction) {
        next_ = 0;
        if (overhead_ < 0) overhead_ = spent_;
        if (spent_ + prediction.seconds() <= limit_ && !is_empty()) return true;
        next_ = prediction.seconds() + overhead_;
        if (!worked_ && !is_empty()) prediction.passed_over();
        return false;
    }

    Clock::time_point start_ = Clock::now();
    double limit_;
    double spent_ = 0, next_ = 0;
    double overhead_ = -1;  // seconds before the first piece
    bool worked_ = false;
};

}  // namespace cnn
