// The 35 test functions of More, Garbow and Hillstrom.
#include "mgh.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mgh {

namespace {

constexpr double kPi = 3.141592653589793;

// The residuals are r(i) for i from 1 to m.
template <class Residual>
void each(Point &r, int m, const Residual &residual) {
    for (int i = 1; i <= m; ++i) r.push_back(residual(i));
}

Dual sum(const Point &x) {
    return std::accumulate(x.begin(), x.end(), Dual(0),
                           [](const Dual &a, const Dual &b) { return a + b; });
}

std::vector<double> repeated(std::vector<double> values, int times) {
    std::vector<double> out;
    for (int i = 0; i < times; ++i) out.insert(out.end(), values.begin(), values.end());
    return out;
}

template <class Value>
std::vector<double> start_of(int n, const Value &value) {
    std::vector<double> out;
    for (int i = 1; i <= n; ++i) out.push_back(value(i));
    return out;
}

void rosenbrock(const Point &x, Point &r) {
    for (size_t i = 0; i < x.size(); i += 2) {
        r.push_back(10 * (x[i + 1] - x[i] * x[i]));
        r.push_back(1 - x[i]);
    }
}

void freudenstein_roth(const Point &x, Point &r) {
    r.push_back(-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1]);
    r.push_back(-29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]);
}

void powell_badly_scaled(const Point &x, Point &r) {
    r.push_back(1e4 * x[0] * x[1] - 1);
    r.push_back(exp(-x[0]) + exp(-x[1]) - 1.0001);
}

void brown_badly_scaled(const Point &x, Point &r) {
    r.push_back(x[0] - 1e6);
    r.push_back(x[1] - 2e-6);
    r.push_back(x[0] * x[1] - 2);
}

void beale(const Point &x, Point &r) {
    const double y[] = {1.5, 2.25, 2.625};
    Dual power = x[1];
    for (double value : y) {
        r.push_back(value - x[0] * (1 - power));
        power = power * x[1];
    }
}

void jennrich_sampson(const Point &x, Point &r) {
    each(r, 10, [&](int i) { return 2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])); });
}

void helical_valley(const Point &x, Point &r) {
    Dual turn = x[0].v == 0 ? Dual(x[1].v < 0 ? -0.25 : 0.25) : atan(x[1] / x[0]) / (2 * kPi);
    if (x[0].v < 0) turn = turn + 0.5;
    r.push_back(10 * (x[2] - 10 * turn));
    r.push_back(10 * (sqrt(x[0] * x[0] + x[1] * x[1]) - 1));
    r.push_back(x[2]);
}

void bard(const Point &x, Point &r) {
    const double y[] = {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39,
                        0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
    each(r, 15, [&](int i) {
        const double u = i, v = 16 - i;
        return y[i - 1] - (x[0] + u / (v * x[1] + std::min(u, v) * x[2]));
    });
}

void gaussian(const Point &x, Point &r) {
    const double y[] = {0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989,
                        0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009};
    each(r, 15, [&](int i) {
        const double t = (8 - i) / 2.0;
        return x[0] * exp(-x[1] * square(t - x[2]) / 2) - y[i - 1];
    });
}

void meyer(const Point &x, Point &r) {
    const double y[] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                        8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};
    each(r, 16, [&](int i) { return x[0] * exp(x[1] / (45 + 5 * i + x[2])) - y[i - 1]; });
}

void gulf(const Point &x, Point &r) {
    each(r, 10, [&](int i) {
        const double t = i / 100.0;
        const double y = 25 + std::pow(-50 * std::log(t), 2.0 / 3);
        return exp(-pow(abs(y - x[1]), x[2]) / x[0]) - t;
    });
}

void box(const Point &x, Point &r) {
    each(r, 10, [&](int i) {
        const double t = i / 10.0;
        return exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (std::exp(-t) - std::exp(-10 * t));
    });
}

void powell_singular(const Point &x, Point &r) {
    for (size_t i = 0; i < x.size(); i += 4) {
        r.push_back(x[i] + 10 * x[i + 1]);
        r.push_back(std::sqrt(5.0) * (x[i + 2] - x[i + 3]));
        r.push_back(square(x[i + 1] - 2 * x[i + 2]));
        r.push_back(std::sqrt(10.0) * square(x[i] - x[i + 3]));
    }
}

void wood(const Point &x, Point &r) {
    r.push_back(10 * (x[1] - x[0] * x[0]));
    r.push_back(1 - x[0]);
    r.push_back(std::sqrt(90.0) * (x[3] - x[2] * x[2]));
    r.push_back(1 - x[2]);
    r.push_back(std::sqrt(10.0) * (x[1] + x[3] - 2));
    r.push_back((x[1] - x[3]) / std::sqrt(10.0));
}

void kowalik_osborne(const Point &x, Point &r) {
    const double y[] = {0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627,
                        0.0456, 0.0342, 0.0323, 0.0235, 0.0246};
    const double u[] = {4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625};
    each(r, 11, [&](int i) {
        const double t = u[i - 1];
        return y[i - 1] - x[0] * (t * t + t * x[1]) / (t * t + t * x[2] + x[3]);
    });
}

void brown_dennis(const Point &x, Point &r) {
    each(r, 20, [&](int i) {
        const double t = i / 5.0;
        return square(x[0] + t * x[1] - std::exp(t)) +
               square(x[2] + x[3] * std::sin(t) - std::cos(t));
    });
}

void osborne1(const Point &x, Point &r) {
    const double y[] = {0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818,
                        0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558,
                        0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438,
                        0.431, 0.424, 0.420, 0.414, 0.411, 0.406};
    each(r, 33, [&](int i) {
        const double t = 10.0 * (i - 1);
        return y[i - 1] - (x[0] + x[1] * exp(-t * x[3]) + x[2] * exp(-t * x[4]));
    });
}

void biggs(const Point &x, Point &r) {
    each(r, 13, [&](int i) {
        const double t = i / 10.0;
        const double y = std::exp(-t) - 5 * std::exp(-10 * t) + 3 * std::exp(-4 * t);
        return x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4]) - y;
    });
}

void osborne2(const Point &x, Point &r) {
    const double y[] = {1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746,
                        0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649,
                        0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395,
                        0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653,
                        0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739,
                        0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054};
    static_assert(sizeof y / sizeof *y == 65);
    each(r, 65, [&](int i) {
        const double t = (i - 1) / 10.0;
        Dual model = x[0] * exp(-t * x[4]);
        for (size_t k = 0; k < 3; ++k)
            model = model + x[1 + k] * exp(-square(t - x[8 + k]) * x[5 + k]);
        return y[i - 1] - model;
    });
}

void watson(const Point &x, Point &r) {
    each(r, 29, [&](int i) {
        const double t = i / 29.0;
        Dual slope(0), value(0);
        double power = 1;
        for (size_t j = 0; j < x.size(); ++j) {
            value = value + power * x[j];
            if (j + 1 < x.size()) slope = slope + static_cast<double>(j + 1) * power * x[j + 1];
            power *= t;
        }
        return slope - value * value - 1;
    });
    r.push_back(x[0]);
    r.push_back(x[1] - x[0] * x[0] - 1);
}

void penalty1(const Point &x, Point &r) {
    Dual square_sum(-0.25);
    for (const Dual &v : x) {
        r.push_back(std::sqrt(1e-5) * (v - 1));
        square_sum = square_sum + v * v;
    }
    r.push_back(square_sum);
}

void penalty2(const Point &x, Point &r) {
    const int n = static_cast<int>(x.size());
    const double a = std::sqrt(1e-5);
    const auto at = [&](int i) { return x[static_cast<size_t>(i - 1)]; };
    r.push_back(at(1) - 0.2);
    for (int i = 2; i <= n; ++i) {
        const double y = std::exp(i / 10.0) + std::exp((i - 1) / 10.0);
        r.push_back(a * (exp(at(i) / 10) + exp(at(i - 1) / 10) - y));
    }
    for (int i = 2; i <= n; ++i) r.push_back(a * (exp(at(i) / 10) - std::exp(-0.1)));
    Dual weighed(-1);
    for (int j = 1; j <= n; ++j) weighed = weighed + (n - j + 1) * at(j) * at(j);
    r.push_back(weighed);
}

void variably_dimensioned(const Point &x, Point &r) {
    Dual weighed(0);
    for (size_t i = 0; i < x.size(); ++i) {
        r.push_back(x[i] - 1);
        weighed = weighed + static_cast<double>(i + 1) * (x[i] - 1);
    }
    r.push_back(weighed);
    r.push_back(weighed * weighed);
}

void trigonometric(const Point &x, Point &r) {
    Dual cosines(0);
    for (const Dual &v : x) cosines = cosines + cos(v);
    const auto n = static_cast<double>(x.size());
    for (size_t i = 0; i < x.size(); ++i)
        r.push_back(n - cosines + static_cast<double>(i + 1) * (1 - cos(x[i])) - sin(x[i]));
}

void brown_almost_linear(const Point &x, Point &r) {
    const Dual all = sum(x);
    Dual product(1);
    for (const Dual &v : x) product = product * v;
    for (size_t i = 0; i + 1 < x.size(); ++i)
        r.push_back(x[i] + all - static_cast<double>(x.size() + 1));
    r.push_back(product - 1);
}

Dual cube(const Dual &a) {
    return a * a * a;
}

void boundary_value(const Point &x, Point &r) {
    const double h = 1.0 / static_cast<double>(x.size() + 1);
    for (size_t i = 0; i < x.size(); ++i) {
        const double t = h * static_cast<double>(i + 1);
        const Dual left = i > 0 ? x[i - 1] : Dual(0);
        const Dual right = i + 1 < x.size() ? x[i + 1] : Dual(0);
        r.push_back(2 * x[i] - left - right + h * h * cube(x[i] + t + 1) / 2);
    }
}

void integral_equation(const Point &x, Point &r) {
    const double h = 1.0 / static_cast<double>(x.size() + 1);
    for (size_t i = 0; i < x.size(); ++i) {
        const double t = h * static_cast<double>(i + 1);
        Dual total(0);
        for (size_t j = 0; j < x.size(); ++j) {
            const double s = h * static_cast<double>(j + 1);
            const double weight = j <= i ? (1 - t) * s : t * (1 - s);
            total = total + weight * cube(x[j] + s + 1);
        }
        r.push_back(x[i] + h * total / 2);
    }
}

void broyden_tridiagonal(const Point &x, Point &r) {
    for (size_t i = 0; i < x.size(); ++i) {
        const Dual left = i > 0 ? x[i - 1] : Dual(0);
        const Dual right = i + 1 < x.size() ? x[i + 1] : Dual(0);
        r.push_back((3 - 2 * x[i]) * x[i] - left - 2 * right + 1);
    }
}

void broyden_banded(const Point &x, Point &r) {
    for (size_t i = 0; i < x.size(); ++i) {
        Dual band(0);
        for (size_t j = i < 5 ? 0 : i - 5; j <= std::min(i + 1, x.size() - 1); ++j)
            if (j != i) band = band + x[j] * (1 + x[j]);
        r.push_back(x[i] * (2 + 5 * x[i] * x[i]) + 1 - band);
    }
}

void linear_full_rank(const Point &x, Point &r) {
    constexpr size_t m = 20;
    const Dual mean = 2.0 / m * sum(x);
    for (size_t i = 0; i < m; ++i) r.push_back((i < x.size() ? x[i] : Dual(0)) - mean - 1);
}

void linear_rank1(const Point &x, Point &r) {
    Dual weighed(0);
    for (size_t j = 0; j < x.size(); ++j) weighed = weighed + static_cast<double>(j + 1) * x[j];
    each(r, 20, [&](int i) { return i * weighed - 1; });
}

void linear_rank1_zeros(const Point &x, Point &r) {
    Dual weighed(0);
    for (size_t j = 1; j + 1 < x.size(); ++j) weighed = weighed + static_cast<double>(j + 1) * x[j];
    each(r, 20, [&](int i) { return i == 1 || i == 20 ? Dual(-1) : (i - 1) * weighed - 1; });
}

void chebyquad(const Point &x, Point &r) {
    const size_t n = x.size();
    Point before(n, Dual(1)), now;
    for (const Dual &v : x) now.push_back(2 * v - 1);
    for (size_t i = 1; i <= n; ++i) {
        const auto k = static_cast<double>(i);
        const double integral = i % 2 == 0 ? -1 / (k * k - 1) : 0;
        r.push_back(sum(now) / static_cast<double>(n) - integral);
        for (size_t j = 0; j < n; ++j) {
            const Dual next = 2 * (2 * x[j] - 1) * now[j] - before[j];
            before[j] = now[j];
            now[j] = next;
        }
    }
}

std::vector<Function> make_functions() {
    const auto mesh = [](int i) { return i / 11.0 * (i / 11.0 - 1); };
    return {
        {1, "Rosenbrock", {-1.2, 1}, {0}, rosenbrock},
        {2, "Freudenstein-Roth", {0.5, -2}, {0, 48.9842}, freudenstein_roth},
        {3, "Powell badly scaled", {0, 1}, {0}, powell_badly_scaled},
        {4, "Brown badly scaled", {1, 1}, {0}, brown_badly_scaled},
        {5, "Beale", {1, 1}, {0}, beale},
        {6, "Jennrich-Sampson", {0.3, 0.4}, {124.362}, jennrich_sampson},
        {7, "Helical valley", {-1, 0, 0}, {0}, helical_valley},
        {8, "Bard", {1, 1, 1}, {8.21487e-3, 17.4286}, bard},
        {9, "Gaussian", {0.4, 1, 0}, {1.12793e-8}, gaussian},
        {10, "Meyer", {0.02, 4000, 250}, {87.9458}, meyer},
        {11, "Gulf", {5, 2.5, 0.15}, {0}, gulf},
        {12, "Box", {0, 10, 20}, {0}, box},
        {13, "Powell singular", {3, -1, 0, 1}, {0}, powell_singular},
        {14, "Wood", {-3, -1, -3, -1}, {0}, wood},
        {15,
         "Kowalik-Osborne",
         {0.25, 0.39, 0.415, 0.39},
         {3.07505e-4, 1.02734e-3},
         kowalik_osborne},
        {16, "Brown-Dennis", {25, 5, -5, 1}, {85822.2}, brown_dennis},
        {17, "Osborne 1", {0.5, 1.5, -1, 0.01, 0.02}, {5.46489e-5}, osborne1},
        {18, "Biggs", {1, 2, 1, 1, 1, 1}, {5.65565e-3, 0}, biggs},
        {19,
         "Osborne 2",
         {1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5},
         {4.01377e-2, 1.78981},
         osborne2},
        {20, "Watson", repeated({0}, 6), {2.28767e-3}, watson},
        {21, "Extended Rosenbrock", repeated({-1.2, 1}, 5), {0}, rosenbrock},
        {22, "Extended Powell", repeated({3, -1, 0, 1}, 3), {0}, powell_singular},
        {23, "Penalty I", start_of(10, [](int i) { return i; }), {7.08765e-5}, penalty1},
        {24, "Penalty II", repeated({0.5}, 10), {2.93660e-4}, penalty2},
        {25,
         "Variably dimensioned",
         start_of(10, [](int i) { return 1 - i / 10.0; }),
         {0},
         variably_dimensioned},
        {26, "Trigonometric", repeated({0.1}, 10), {0, 2.79506e-5}, trigonometric},
        {27, "Brown almost-linear", repeated({0.5}, 10), {0, 1}, brown_almost_linear},
        {28, "Boundary value", start_of(10, mesh), {0}, boundary_value},
        {29, "Integral equation", start_of(10, mesh), {0}, integral_equation},
        {30, "Broyden tridiagonal", repeated({-1}, 10), {0}, broyden_tridiagonal},
        {31, "Broyden banded", repeated({-1}, 10), {0}, broyden_banded},
        {32, "Linear, full rank", repeated({1}, 10), {10}, linear_full_rank},
        {33, "Linear, rank 1", repeated({1}, 10), {20.0 * 19 / 2 / 41}, linear_rank1},
        {34, "Linear, rank 1, zeros", repeated({1}, 10), {454.0 / 74}, linear_rank1_zeros},
        {35, "Chebyquad", start_of(8, [](int i) { return i / 9.0; }), {3.51687e-3}, chebyquad},
    };
}

}  // namespace

const std::vector<Function> &functions() {
    static const std::vector<Function> all = make_functions();
    return all;
}

double evaluate(const Function &function, const double *x, double *gradient) {
    const size_t n = function.start.size();
    Point point(x, x + n), residuals;
    for (size_t i = 0; i < n; ++i) point[i].d[i] = 1;
    function.residuals(point, residuals);
    double value = 0;
    if (gradient) std::fill(gradient, gradient + n, 0.0);
    for (const Dual &r : residuals) {
        value += r.v * r.v;
        for (size_t i = 0; gradient && i < n; ++i) gradient[i] += 2 * r.v * r.d[i];
    }
    return value;
}

}  // namespace mgh
