// Package datasets loads image collections as a [Set] of 8-bit images in NCHW
// order with their labels, and downloads the published ones.
//
// It reads IDX files (MNIST and its family, gzipped or not), CIFAR-10's binary
// version (archive or directory) and folders of PNG or JPEG images (directory,
// .tar, .tar.gz). Fashion-MNIST's test images are part of the program. The format
// of the data at a path is recognised by their content, not by the path's name.
//
// Loading is deterministic: the order of the rows depends neither on the order of
// an archive, nor on the file system, nor on the number of processors. Data with
// published checksums are compared with them. All other data are checked for
// shape, label range and completeness. An error is one sentence that names the
// file at fault and the way out.
//
// Each file below the path is read, refused or counted with the reason for which it
// is left out, see [Set.Census]. A directory and an archive of it give the same set
// and the same counts. Only regular files are opened, and no link leads out of the
// directory that was named.
//
// Archives and image folders are decoded once. The cache of decoded sets keeps within a
// limit; [ListDecoded] and [ClearDecoded] show and empty it.
package datasets
