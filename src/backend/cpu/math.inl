// Elementary functions of vectors, to a few units in the last place over all of float. The
// polynomials are minimax fits of the remaining factor after the leading terms.

namespace cnn::cpu::CNN_ISA {

// 2^e for e in [-126, 127].
CNN_INLINE vec power_of_two(ivec e) {
    return from_bits((e + 127) << 23);
}

// e^x = 2^n e^r, n the nearest integer to x / ln 2. 2^n comes in two factors, so that results
// below the normal range round once and those above become infinite.
CNN_INLINE vec exp(vec x) {
    x = select(x > broadcast(89.0f), broadcast(89.0f), x);
    x = select(x < broadcast(-104.5f), broadcast(-104.5f), x);
    const vec shift = broadcast(12582912.0f);  // adding it rounds to integers
    const vec shifted = x * broadcast(1.44269504f) + shift;
    const vec n = shifted - shift;
    const ivec e = bits(shifted) - bits(shift);
    // ln 2 as a part whose product with n is exact, and the rest.
    vec r = x - n * broadcast(0.693359375f);
    r = r - n * broadcast(-2.12194440e-4f);
    vec p = broadcast(1.3813142358e-3f);
    p = fma(p, r, broadcast(8.3694190433e-3f));
    p = fma(p, r, broadcast(4.1668456833e-2f));
    p = fma(p, r, broadcast(1.6666514789e-1f));
    p = fma(p, r, broadcast(4.9999993050e-1f));
    p = fma(p, r * r, r) + broadcast(1.0f);
    const ivec half = e >> 1;
    return p * power_of_two(half) * power_of_two(e - half);
}

// log(2^e m) = e ln 2 + log(m), m within a factor sqrt(2) of 1.
CNN_INLINE vec log(vec x) {
    const ivec tiny = x < broadcast(1.17549435e-38f);
    const vec scaled = select(tiny, x * broadcast(8388608.0f), x);
    // Bits of sqrt(1/2) taken away: the exponent field then counts from there.
    const ivec offset = bits(scaled) - 0x3f3504f3;
    const ivec e = (offset >> 23) - (tiny & 23);
    const vec m = from_bits((offset & 0x007fffff) + 0x3f3504f3);
    const vec f = m - broadcast(1.0f);
    vec p = broadcast(6.7476918023e-2f);
    p = fma(p, f, broadcast(-1.1677505317e-1f));
    p = fma(p, f, broadcast(1.1888709051e-1f));
    p = fma(p, f, broadcast(-1.2405342582e-1f));
    p = fma(p, f, broadcast(1.4219451621e-1f));
    p = fma(p, f, broadcast(-1.6668004999e-1f));
    p = fma(p, f, broadcast(2.0002123531e-1f));
    p = fma(p, f, broadcast(-2.5000009517e-1f));
    p = fma(p, f, broadcast(3.3333312540e-1f));
    const vec n = to_float(e);
    const vec square = f * f;
    vec y = p * f * square + n * broadcast(-2.12194440e-4f);
    y = y - broadcast(0.5f) * square;
    y = (f + y) + n * broadcast(0.693359375f);
    const vec infinity = from_bits(broadcast(0x7f800000));
    y = select(x == infinity, infinity, y);
    y = select(x == zero(), from_bits(broadcast(static_cast<int32_t>(0xff800000u))), y);
    // Negative numbers have none; NaN fails both comparisons and stays.
    return select((x < zero()) | is_nan(x), from_bits(broadcast(0x7fc00000)), y);
}

// log(1 + x): the logarithm of the rounded sum, and what its rounding lost.
CNN_INLINE vec log1p(vec x) {
    const vec u = broadcast(1.0f) + x;
    const vec lost = x - (u - broadcast(1.0f));
    const vec y = log(u);
    return select((u > zero()) & is_finite(u), y + lost / u, y);
}

CNN_INLINE vec sigmoid(vec x) {
    const vec e = exp(-abs(x));
    const vec one = broadcast(1.0f);
    return select(x < zero(), e, one) / (one + e);
}

// x + x^3 Q(x^2) near 0, 1 - 2 / (e^2x + 1) beyond.
CNN_INLINE vec tanh(vec x) {
    const vec a = abs(x), z = x * x;
    vec q = broadcast(-5.6039054681e-3f);
    q = fma(q, z, broadcast(2.0551710668e-2f));
    q = fma(q, z, broadcast(-5.3714104233e-2f));
    q = fma(q, z, broadcast(1.3331152763e-1f));
    q = fma(q, z, broadcast(-3.3333272081e-1f));
    const vec near = fma(q * z, x, x);
    const vec far = broadcast(1.0f) - broadcast(2.0f) / (exp(a + a) + broadcast(1.0f));
    const vec signed_far = from_bits(bits(far) | (bits(x) & static_cast<int32_t>(0x80000000u)));
    return select(a < broadcast(0.625f), near, signed_far);
}

// x + x P(x^2) near 0, 1 - e^Q(x) beyond, Q the logarithm of what is missing; from 4 on it is 1.
CNN_INLINE vec erf(vec x) {
    vec a = abs(x);
    const vec z = x * x;
    vec p = broadcast(-6.2031951e-4f);
    p = fma(p, z, broadcast(5.0321710e-3f));
    p = fma(p, z, broadcast(-2.6791457e-2f));
    p = fma(p, z, broadcast(1.12824552e-1f));
    p = fma(p, z, broadcast(-3.76125515e-1f));
    p = fma(p, z, broadcast(1.28379151e-1f));
    const vec near = fma(p, x, x);
    const ivec close = a < broadcast(0.875f);
    a = select(a > broadcast(4.0f), broadcast(4.0f), a);
    vec q = broadcast(2.00998562e-4f);
    q = fma(q, a, broadcast(-3.09231458e-3f));
    q = fma(q, a, broadcast(2.24203039e-2f));
    q = fma(q, a, broadcast(-1.04327679e-1f));
    q = fma(q, a, broadcast(-6.36737049e-1f));
    q = fma(q, a, broadcast(-1.12793624f));
    q = fma(q, a, broadcast(-1.33548689e-4f));
    const vec far = broadcast(1.0f) - exp(q);
    const vec signed_far = from_bits(bits(far) | (bits(x) & static_cast<int32_t>(0x80000000u)));
    return select(close, near, signed_far);
}

}  // namespace cnn::cpu::CNN_ISA
