package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"backfire/internal/disk"
)

// ErrStamped is wrapped where stamped images are missing or damaged.
var ErrStamped = errors.New("stamped images cannot be used")

// StampedDir is the directory of a store with the triggers that programs of the user's
// made, and the files of the images that they stamped.
const StampedDir = ".patterns"

// A file of stamped images begins with stampedMagic, the number of images and the number
// of values of each, both as 4 bytes, lowest first. The indices of the images in the
// dataset follow, 4 bytes each, in ascending order, then the values of each image,
// channel by channel. Its name is its SHA-256 and stampedSuffix.
const (
	stampedMagic  = "BFSTAMP1"
	stampedSuffix = ".stamped"
	stampedHead   = len(stampedMagic) + 8
)

// StampedImages holds images of a dataset with the trigger that a program of the user's
// has put on each of them.
type StampedImages struct {
	size    int
	sources []uint32 // ascending
	images  []uint8
}

// Image returns the stamped version of the dataset's image at an index; false if there is
// none. The caller must not change it.
func (s *StampedImages) Image(source int) ([]uint8, bool) {
	at, ok := slices.BinarySearch(s.sources, uint32(min(max(source, 0), math.MaxUint32)))
	if !ok {
		return nil, false
	}
	return s.images[at*s.size : (at+1)*s.size : (at+1)*s.size], true
}

// WriteStamped writes stamped images of a set into a directory and returns the SHA-256 of
// the file, by which Stamped finds it. images holds one image for each index of sources,
// which must be distinct.
func (s *Set) WriteStamped(dir disk.Dir, sources []int, images []uint8) (string, error) {
	size := s.C * s.H * s.W
	if len(images) != len(sources)*size {
		return "", fmt.Errorf("datasets: write stamped images: %w: %d bytes for %d images of %d", ErrStamped, len(images), len(sources), size)
	}
	order := make([]int, len(sources))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return sources[a] - sources[b] })
	data := binary.LittleEndian.AppendUint32([]byte(stampedMagic), uint32(len(sources)))
	data = binary.LittleEndian.AppendUint32(data, uint32(size))
	for _, at := range order {
		data = binary.LittleEndian.AppendUint32(data, uint32(sources[at]))
	}
	for _, at := range order {
		data = append(data, images[at*size:(at+1)*size]...)
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	// Under another name first, so that no process reads a part of it.
	temporary := ".new-" + name
	err := dir.WriteFile(temporary, data)
	if err == nil {
		err = dir.Rename(temporary, name+stampedSuffix)
	}
	if err != nil {
		return "", fmt.Errorf("datasets: write stamped images: %w", err)
	}
	return name, nil
}

// Stamped returns the stamped images whose file has a SHA-256. The error wraps ErrStamped
// if the directory of the set's Source lacks them, or if they are damaged or of other
// images.
func (s *Set) Stamped(sum string) (*StampedImages, error) {
	stamped, err := s.readStamped(sum)
	if err != nil {
		return nil, fmt.Errorf("datasets: stamped images %.12s: %w: %w", sum, ErrStamped, err)
	}
	return stamped, nil
}

// readStamped does the work of Stamped.
func (s *Set) readStamped(sum string) (*StampedImages, error) {
	if s.stamped == "" {
		return nil, errors.New("no directory of them is named")
	}
	dir := disk.In(s.stamped)
	data, err := dir.ReadFile(sum+stampedSuffix, disk.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not there: copy it from the store of the run, or repeat the run with its program", dir.Path(sum+stampedSuffix))
	}
	if err != nil {
		return nil, err
	}
	if found := sha256.Sum256(data); hex.EncodeToString(found[:]) != sum {
		return nil, fmt.Errorf("%s is damaged: its SHA-256 is %x", dir.Path(sum+stampedSuffix), found[:6])
	}
	if len(data) < stampedHead || !bytes.HasPrefix(data, []byte(stampedMagic)) {
		return nil, errors.New("it is no file of stamped images")
	}
	n, size := int(binary.LittleEndian.Uint32(data[len(stampedMagic):])), int(binary.LittleEndian.Uint32(data[len(stampedMagic)+4:]))
	if size != s.C*s.H*s.W || len(data) != stampedHead+n*(4+size) {
		return nil, fmt.Errorf("it holds %d bytes of %d images of %d values, and %s has images of %d", len(data), n, size, s.Name, s.C*s.H*s.W)
	}
	images := &StampedImages{size: size, sources: make([]uint32, n), images: data[stampedHead+4*n:]}
	for i := range images.sources {
		images.sources[i] = binary.LittleEndian.Uint32(data[stampedHead+4*i:])
		if i > 0 && images.sources[i] <= images.sources[i-1] {
			return nil, errors.New("its indices do not ascend")
		}
	}
	return images, nil
}

// WithStamped returns the set with the directory of its stamped images, see
// Source.Stamped. Both share their images.
func (s *Set) WithStamped(dir string) *Set {
	other := *s
	other.stamped = dir
	return &other
}

// HasStamped reports whether the set's directory has the stamped images with a SHA-256,
// without reading them.
func (s *Set) HasStamped(sum string) bool {
	if s.stamped == "" {
		return false
	}
	_, err := disk.In(s.stamped).Stat(sum + stampedSuffix)
	return err == nil
}
