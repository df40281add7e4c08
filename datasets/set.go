package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"backfire/datasets/census"
)

// Set is a collection of 8-bit images of one size, with one label each. It is shared
// and read-only: no part of the program writes to a loaded set.
type Set struct {
	Name     string        // the dataset's name as in Source.Name
	Images   []uint8       // N*C*H*W values in NCHW order, 0-255
	Labels   []uint16      // N labels, each below len(Classes)
	C, H, W  int           // channels (1 grey, 3 RGB), height and width in pixels
	Classes  []string      // class names; the index is the label
	Checksum string        // SHA-256 in hex over shape, class names, labels and images; not over Name
	Census   census.Census // the account of the files and images; empty for a set that was not loaded
	// Contributors are those of each image; nil: they are not known.
	Contributors *Contributors
	Repaired     string // the reason why a file of the cache of decoded sets was replaced; empty: none was damaged

	stamped string // directory of StampedImages, see Source.Stamped
	equal   *equalImages
}

// New returns the set of the given images and labels with its checksum. It
// refuses sizes that do not fit together or exceed the limits, labels out of
// range, more than [MaxClasses] classes, repeated class names and classes without any
// image.
func New(name string, images []uint8, labels []uint16, c, h, w int, classes []string) (*Set, error) {
	if c != 1 && c != 3 {
		return nil, fmt.Errorf("%w: %d channels; 1 (grey) and 3 (colour) are accepted", ErrCorrupt, c)
	}
	if err := checkDims(len(labels), c, h, w); err != nil {
		return nil, err
	}
	if want := len(labels) * c * h * w; len(images) != want {
		return nil, fmt.Errorf("%w: %d labels need %d bytes of images, not %d", ErrCorrupt, len(labels), want, len(images))
	}
	if err := checkClasses(labels, classes); err != nil {
		return nil, err
	}
	s := &Set{Name: name, Images: images, Labels: labels, C: c, H: h, W: w, Classes: classes, equal: &equalImages{}}
	s.Checksum = s.sum()
	return s, nil
}

// checkClasses returns an error unless labels and class names fit each other.
func checkClasses(labels []uint16, classes []string) error {
	if err := checkClassCount(len(classes)); err != nil {
		return err
	}
	seen := make(map[string]bool, len(classes))
	for _, name := range classes {
		if seen[name] {
			return fmt.Errorf("%w: two classes named %q", ErrCorrupt, name)
		}
		seen[name] = true
	}
	counts := make([]int, len(classes))
	for i, label := range labels {
		if int(label) >= len(classes) {
			return fmt.Errorf("%w: image %d has label %d; labels go from 0 to %d", ErrCorrupt, i, label, len(classes)-1)
		}
		counts[label]++
	}
	for label, n := range counts {
		if n == 0 {
			return fmt.Errorf("%w: class %q has no images", ErrCorrupt, classes[label])
		}
	}
	return nil
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Image returns image i (C*H*W values) as a view of Images, not a copy.
func (s *Set) Image(i int) []uint8 {
	n := s.C * s.H * s.W
	return s.Images[i*n : (i+1)*n : (i+1)*n]
}

// sumDomain separates the checksums of sets from other uses of SHA-256. Changing it, or
// the order of the parts in sum, changes the identity of every stored result.
const sumDomain = "backfire set v1"

// sum returns the SHA-256 over an unambiguous encoding of all that a game depends on:
// shape, class names, labels and pixels. The labels are encoded by [EncodeLabels].
func (s *Set) sum() string {
	head := []byte(sumDomain)
	for _, n := range []int{s.Len(), s.C, s.H, s.W, len(s.Classes)} {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
	}
	for _, name := range s.Classes {
		head = binary.LittleEndian.AppendUint64(head, uint64(len(name)))
		head = append(head, name...)
	}
	hash := sha256.New()
	for _, part := range [][]byte{head, EncodeLabels(s.Labels, len(s.Classes)), s.Images} {
		hash.Write(part)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// hashReader returns a reader of r and a function that returns the SHA-256 in hex of the
// bytes read so far.
func hashReader(r io.Reader) (io.Reader, func() string) {
	hash := sha256.New()
	return io.TeeReader(r, hash), func() string { return hex.EncodeToString(hash.Sum(nil)) }
}
