// exp, tanh and the activation functions in F32, to about 2 ulp, without branches: the compiler vectorises them, and all
// devices give the same bits.
#define IDENTITY 0
#define RELU 1
#define GELU 2
#define GELU_TANH 3
#define SILU 4
#define TANH 5
#define SIGMOID 6

// exp(x), for x at most 88; 0 below -86.6. Powers of two by rounding x / ln 2, a polynomial for what is left.
INLINE float exp_negative(float x) {
  float rounded = fma(x, 1.442695041f, 12582912.0f);
  float n = rounded - 12582912.0f;
  float r = fma(n, -0.693359375f, x);
  r = fma(n, 2.12194440e-4f, r);
  float p = fma(r, 1.381455921e-3f, 8.368736133e-3f);
  p = fma(p, r, 0.04166838899f);
  p = fma(p, r, 0.1666652113f);
  p = fma(p, r, 0.4999999404f);
  p = fma(p, r * r, r + 1.0f);
  uint power = (as_uint(rounded) << 23) + (126u << 23);
  float y = p * as_float(power) * 2.0f;
  return x < -86.6f ? 0.0f : y;
}

INLINE float exp_any(float x) { return exp_negative(x > 89.0f ? 89.0f : x); }

INLINE float tanh_any(float x) {
  float a = fabs(x);
  float z = x * x;
  float p = fma(z, -5.704982206e-3f, 0.02063908242f);
  p = fma(p, z, -0.05373971164f);
  p = fma(p, z, 0.1333144158f);
  p = fma(p, z, -0.3333328068f);
  float near = fma(p * z, x, x);
  float far = 1.0f - 2.0f / (exp_any(a + a) + 1.0f);
  return a < 0.625f ? near : x < 0 ? -far : far;
}

// x Phi(x): the normal distribution's tail as a polynomial in 1 / (1 + 0.35 |x|) times exp(-x^2 / 2), whose argument
// carries the rounding error of x^2.
INLINE float gelu(float x) {
  float a = fabs(x);
  a = a > 15.0f ? 15.0f : a;
  float t = 1.0f / fma(a, 0.35f, 1.0f);
  float p = fma(t, -0.02914613485f, 0.14397268f);
  p = fma(p, t, -0.2557162643f);
  p = fma(p, t, 0.1591764241f);
  p = fma(p, t, -0.02311137319f);
  p = fma(p, t, 0.1055086404f);
  p = fma(p, t, 0.1198327094f);
  p = fma(p, t, 0.1398618966f);
  p = fma(p, t, 0.1396214068f);
  float h = a * a;
  float l = fma(a, a, -h);
  float e = exp_negative(h * -0.5f) * fma(l, -0.5f, 1.0f);
  float tail = p * t * e * x;
  return x >= 0 ? x - tail : tail;
}

INLINE float gelu_tanh(float x) {
  float cubic = fma(x * x, 0.044715f, 1.0f) * x;
  return x / (exp_any(cubic * -1.5957691216f) + 1.0f);
}

// fn is a constant of the build or an argument, the same for all work-items.
INLINE float activation(int fn, float x) {
  switch (fn) {
  case RELU:
    return x < 0 ? 0.0f : x;
  case GELU:
    return gelu(x);
  case GELU_TANH:
    return gelu_tanh(x);
  case SILU:
    return x / (exp_any(-x) + 1.0f);
  case TANH:
    return tanh_any(x);
  case SIGMOID:
    return 1.0f / (exp_any(-x) + 1.0f);
  default:
    return x;
  }
}
