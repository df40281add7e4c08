#pragma GCC optimize("fp-contract=off")

#include "conv_kernels.h"
#include "conv_bands.h"
#include "kernel_set.h"
#include "parallel.h"
#include "workspace.h"

#include <algorithm>
#include <memory>
#include <vector>

// Result and input gradient: each is made from a source by sums over runs of
// channels that lie side by side in the source's memory, rows of the kernel.

namespace backfire {
namespace {

// A chunk of a panel of this length stays in the first cache (16 kB of 32)
// while all pixels of a band pass it.
constexpr int64_t kChunk = 256;
// The copied pixels of a band stay in the second cache up to 128 channels.
constexpr int64_t kBandPixels = 512;

// A part of the panel and what it is multiplied with, one after the other.
struct Chunk {
  std::vector<Run> runs;
  int64_t begin, length; // in the panel
};

// Pixels of the result, all summed over the same runs: all of them, or, for the
// gradient of a strided convolution, every second of every second row.
struct Class {
  int64_t row, column;            // of the first pixel
  std::vector<int64_t> taps;      // of the kernel, in the panel's order
  std::vector<Chunk> chunks;      // of the panel, in order
  std::vector<int64_t> from, to;  // a band's pixels in source and result
  std::unique_ptr<float[]> panel; // [channels / lanes][length][lanes]
  int64_t length = 0;

  // Appends a run to the chunks.
  void add(int64_t from, int64_t count) {
    for (length += count; count > 0;) {
      if (chunks.empty() || chunks.back().length == kChunk)
        chunks.push_back({{}, length - count, 0});
      auto &chunk = chunks.back();
      int64_t taken = std::min(count, kChunk - chunk.length);
      chunk.runs.push_back({from, taken});
      chunk.length += taken;
      from += taken;
      count -= taken;
    }
  }
};

// Images as the sums are made from them: with pixels of zero around.
struct Source {
  const float *data;
  int64_t height, width, channels; // of the images
  int64_t padding;                 // pixels around
  int64_t step;                    // pixels per pixel of the grid of results

  int64_t row_length() const { return (width + 2 * padding) * channels; }
  int64_t rows(int64_t grid_rows) const {
    return source_rows(grid_rows, step, padding);
  }
  // Copies what the band needs.
  void copy(const Band &band, float *into) const;
};

void Source::copy(const Band &band, float *into) const {
  int64_t margin = padding * channels;
  for (int64_t i = 0; i < band.images; ++i)
    for (int64_t r = 0; r < rows(band.rows); ++r, into += row_length()) {
      int64_t row = band.row * step - padding + r;
      if (row < 0 || row >= height) {
        std::fill_n(into, row_length(), 0.0f);
        continue;
      }
      const float *from =
          data + ((band.image + i) * height + row) * width * channels;
      std::fill_n(into, margin, 0.0f);
      std::copy_n(from, width * channels, into + margin);
      std::fill_n(into + row_length() - margin, margin, 0.0f);
    }
}

// A result, or its gradient, as sums over a source.
struct Pass {
  Source source;
  int64_t images, grid_height, grid_width;
  int64_t height, width, channels, scale; // of the result; pixels per grid cell
  bool add;                               // to what the result holds
  std::vector<Class> classes;

  // Channels of a vector, and of a panel of one or two.
  int64_t lanes() const { return kernels().lanes_for(channels, channels); }
  int64_t panel() const {
    return channels % (2 * lanes()) ? lanes() : 2 * lanes();
  }
  void locate(const Bands &bands);
  void run(float *result);
  void band(const Bands &bands, const Band &band, int64_t slice, int64_t slices,
            float *result) const;
  // Pixels of the class in a band, which the lists of the first band begin
  // with.
  int64_t pixels(const Class &c, const Band &band) const {
    auto count = [&](int64_t cells, int64_t first, int64_t end) {
      return std::clamp<int64_t>((end - first + scale - 1) / scale, 0, cells);
    };
    return band.images * count(band.rows, band.row * scale + c.row, height) *
           count(grid_width, c.column, width);
  }
};

void Pass::locate(const Bands &bands) {
  Band band = bands[0];
  for (auto &c : classes) {
    c.from.reserve(pixels(c, band));
    c.to.reserve(pixels(c, band));
    for (int64_t i = 0; i < band.images; ++i)
      for (int64_t h = 0; h < band.rows && h * scale + c.row < height; ++h)
        for (int64_t w = 0; w < grid_width && w * scale + c.column < width;
             ++w) {
          c.from.push_back((i * source.rows(band.rows) + h * source.step) *
                               source.row_length() +
                           w * source.step * source.channels);
          c.to.push_back(((i * height + h * scale + c.row) * width + w * scale +
                          c.column) *
                         channels);
        }
  }
}

void Pass::band(const Bands &bands, const Band &band, int64_t slice,
                int64_t slices, float *result) const {
  static thread_local Workspace memory;
  float *copy = memory.floats(bands.per_band * source.rows(bands.rows) *
                              source.row_length());
  source.copy(band, copy);
  int64_t panel = this->panel(), blocks = channels / panel;
  auto kernel = kernels().direct_for(lanes()).sweep[panel > lanes()];
  result += (band.image * height + band.row * scale) * width * channels;
  for (auto &c : classes)
    for (int64_t b = slice * blocks / slices; b < (slice + 1) * blocks / slices;
         ++b) {
      Sweep s{copy,
              nullptr,
              nullptr,
              0,
              c.from.data(),
              c.to.data(),
              pixels(c, band),
              !add,
              result + b * panel};
      for (auto &chunk : c.chunks) {
        s.panel = c.panel.get() + (b * c.length + chunk.begin) * panel;
        s.runs = chunk.runs.data();
        s.count = chunk.runs.size();
        kernel(s);
        s.first = false;
      }
      if (c.chunks.empty() && !add)
        for (int64_t i = 0; i < s.pixels; ++i)
          std::fill_n(s.result + s.to[i], panel, 0.0f);
    }
}

void Pass::run(float *result) {
  Bands bands(images, grid_height, grid_width, kBandPixels);
  locate(bands);
  // Where there are fewer bands than threads, channels are shared out, too.
  int64_t slices = slices_of(bands.count, channels / panel());
  parallel_for(bands.count * slices, 1, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      band(bands, bands[i / slices], i % slices, slices, result);
  });
}

} // namespace

bool convolves(const Convolution &c) {
  return (c.kernel == 1 || c.kernel == 3) && (c.stride == 1 || c.stride == 2) &&
         c.in % 8 == 0 && c.out % 8 == 0;
}

void convolve(const Convolution &c, const float *x, const float *weight,
              float *y) {
  Pass pass{{x, c.height, c.width, c.in, c.kernel / 2, c.stride},
            c.images,
            c.out_height(),
            c.out_width(),
            c.out_height(),
            c.out_width(),
            c.out,
            1,
            false,
            {}};
  Class all{};
  for (int64_t h = 0; h < c.kernel; ++h)
    all.add(h * pass.source.row_length(), c.kernel * c.in);
  int64_t lanes = pass.panel(), taps = c.kernel * c.kernel;
  all.panel.reset(new float[c.out * all.length]);
  parallel_for(c.out / lanes, 1, [&](int64_t from, int64_t to) {
    for (int64_t b = from; b < to; ++b)
      for (int64_t t = 0; t < taps; ++t)
        for (int64_t begin = 0; begin < c.in; begin += 64) // 4 kB of the panel
          for (int64_t l = 0; l < lanes; ++l)
            for (int64_t i = begin; i < std::min(begin + 64, c.in); ++i)
              all.panel[((b * taps + t) * c.in + i) * lanes + l] =
                  weight[((b * lanes + l) * taps + t) * c.in + i];
  });
  pass.classes.push_back(std::move(all));
  pass.run(y);
}

void input_gradient(const Convolution &c, const float *dy, const float *weight,
                    bool add, float *dx) {
  int64_t height = c.out_height(), width = c.out_width();
  Pass pass{{dy, height, width, c.out, c.kernel / 2, 1},
            c.images,
            height,
            width,
            c.height,
            c.width,
            c.in,
            c.stride,
            add,
            {}};
  int64_t lanes = pass.panel(), padding = c.kernel / 2;
  for (int64_t row = 0; row < c.stride; ++row)
    for (int64_t column = 0; column < c.stride; ++column) {
      Class part{};
      part.row = row;
      part.column = column;
      // Pixel h of x went into pixel (h + padding - tap) / stride of the
      // result.
      for (int64_t h = c.kernel - 1; h >= 0; --h) {
        if ((row + padding - h) % c.stride)
          continue;
        int64_t from = (row + padding - h) / c.stride + padding, first = -1,
                count = 0;
        for (int64_t w = c.kernel - 1; w >= 0; --w) {
          if ((column + padding - w) % c.stride)
            continue;
          if (first < 0)
            first = (column + padding - w) / c.stride + padding;
          ++count;
          part.taps.push_back(h * c.kernel + w);
        }
        part.add(from * pass.source.row_length() + first * c.out,
                 count * c.out);
      }
      part.panel.reset(new float[c.in * part.length]);
      pass.classes.push_back(std::move(part));
    }
  parallel_for(c.out, 16, [&](int64_t from, int64_t to) {
    for (int64_t o = from; o < to; ++o)
      for (auto &part : pass.classes)
        for (size_t t = 0; t < part.taps.size(); ++t)
          for (int64_t b = 0; b < c.in / lanes; ++b)
            std::copy_n(
                weight + (o * c.kernel * c.kernel + part.taps[t]) * c.in +
                    b * lanes,
                lanes, &part.panel[(b * part.length + t * c.out + o) * lanes]);
  });
  pass.run(dx);
}

} // namespace backfire
