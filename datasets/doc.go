// Package datasets turns image collections on disk into one form, a [Set] of
// 8-bit images in NCHW order with their labels, and fetches the well-known
// ones.
//
// It reads IDX files (MNIST and its family, gzipped or not), CIFAR-10's binary
// version (archive or directory) and folders of PNG or JPEG images (directory,
// .tar, .tar.gz), and it carries Fashion-MNIST's test images inside the
// program. What lies at a path is recognised by its content, not by its name.
//
// Loading is deterministic: the order of the rows never depends on the order
// of an archive, on the file system or on the number of processors. Data with
// published checksums are compared with them; everything else is checked for
// shape, label range and completeness, and refused with one sentence that
// names the thing and the way out.
package datasets
