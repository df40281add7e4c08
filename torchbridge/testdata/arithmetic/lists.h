// Lists of numbers that the programs compared write.
#ifndef BACKFIRE_LISTS_H
#define BACKFIRE_LISTS_H

#pragma GCC optimize("fp-contract=off")

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

// Numbers that are the same on every processor: SplitMix64 (Steele, Lea and
// Flood 2014, "Fast Splittable Pseudorandom Number Generators", figure 16).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Below n.
  int64_t below(int64_t n) { return static_cast<int64_t>(next() >> 33) % n; }
  // Between -1 and 1, exactly.
  float uniform() {
    return static_cast<float>(static_cast<int64_t>(next() >> 40) - (1 << 23)) /
           (1 << 23);
  }
  // `count` numbers between -scale and scale.
  std::vector<float> uniforms(int64_t count, float scale) {
    std::vector<float> list(count);
    for (auto &v : list)
      v = uniform() * scale;
    return list;
  }

private:
  uint64_t state;
};

inline void write_list(const std::string &name, const float *values,
                       int64_t count) {
  std::printf("%s %lld\n", name.c_str(), static_cast<long long>(count));
  std::vector<float> list(values, values + count);
  const uint32_t not_a_number = 0x7fc00000;
  for (auto &v : list)
    if (v != v)
      std::memcpy(&v, &not_a_number, sizeof v);
  std::fwrite(list.data(), sizeof(float), list.size(), stdout);
}
inline void write_list(const std::string &name, const std::vector<float> &v) {
  write_list(name, v.data(), static_cast<int64_t>(v.size()));
}
// Doubles as pairs of floats, which lose none of their bits.
inline void write_list(const std::string &name, const std::vector<double> &v) {
  std::printf("%s %lld\n", name.c_str(), 2 * static_cast<long long>(v.size()));
  std::fwrite(v.data(), sizeof(double), v.size(), stdout);
}

void write_functions();    // exponential, logarithm, softmax
void write_loops();        // element by element, special values included
void write_convolutions(); // layers and their gradients
// Whole trainings, of which the last names end with ", apart": the same with
// every normalisation in a pass of its own.
void write_trainings();
// Prints the processor times of a step with 32 images of 3x32x32, as it is and
// with every normalisation apart.
void time_steps(int64_t width, int64_t steps);

#endif
