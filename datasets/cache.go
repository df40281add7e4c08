package datasets

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// cacheMagic is the beginning of every file of the cache of decoded sets. It contains
// the version of the file format.
const cacheMagic = "backfire decoded set v1\n"

// maxCacheHeader is the largest accepted size of a header in bytes. It has ample space
// for 256 class names.
const maxCacheHeader = 1 << 20

// errStale reports that a cache file contains another set than the one asked for.
var errStale = errors.New("another set")

// cacheHeader is the JSON header of a cache file. Labels and images follow it.
type cacheHeader struct {
	Key      string   `json:"key"`
	Checksum string   `json:"checksum"` // Set.Checksum: over the header's own fields, the labels and the images
	N        int      `json:"n"`
	C        int      `json:"c"`
	H        int      `json:"h"`
	W        int      `json:"w"`
	Classes  []string `json:"classes"`
}

// cached returns the set of the given content from the cache of decoded sets, or
// builds it and stores it there. A cache that cannot be read or written must not
// prevent loading, so its errors have no effect but to take time. If a file of the
// cache is damaged, the set names it.
func (l *loader) cached(content string, build func() (*Set, error)) (*Set, error) {
	dir, err := DecodedDir(l.src.CacheDir)
	if err != nil {
		return build()
	}
	// The JPEG decoder depends on the Go version, and its last bits may differ.
	id := sha256.Sum256(fmt.Appendf(nil, "%s%s\n%s\n%s %t\n%s",
		cacheMagic, runtime.Version(), l.src.Name, l.split, l.auto, content))
	key := hex.EncodeToString(id[:])
	path := filepath.Join(dir, key[:32]+".set")
	cached, damage := readCacheFile(path, key, l.src.Name)
	if damage == nil {
		return cached, nil
	}
	set, err := build()
	if err != nil {
		return nil, err
	}
	if unread := (*fs.PathError)(nil); !errors.As(damage, &unread) {
		set.Repaired = fmt.Sprintf("%s: %v", path, damage)
	}
	_ = writeCacheFile(path, key, set)
	return set, nil
}

// readCacheFile reads a decoded set from the file at path, see [readCache].
func readCacheFile(path, key, name string) (*Set, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the decoded set: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the decoded set: %w", err)
	}
	return readCache(file, stat.Size(), key, name)
}

// readCache reads a decoded set from a stream of length bytes and compares it with the
// checksum that it contains. The error is errStale if the key is another one.
func readCache(r io.Reader, length int64, key, name string) (*Set, error) {
	start, err := readN(r, int64(len(cacheMagic)+4), 0)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(start[len(cacheMagic):])
	if string(start[:len(cacheMagic)]) != cacheMagic || size > maxCacheHeader {
		return nil, fmt.Errorf("%w: not a decoded set", ErrCorrupt)
	}
	text, err := readN(r, int64(size), 0)
	if err != nil {
		return nil, err
	}
	var head cacheHeader
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	if head.Key != key {
		return nil, errStale
	}
	if head.C != 1 && head.C != 3 {
		return nil, fmt.Errorf("%w: %d channels", ErrCorrupt, head.C)
	}
	if err := checkDims(head.N, head.C, head.H, head.W); err != nil {
		return nil, err
	}
	labels, err := readN(r, int64(head.N), 0)
	if err != nil {
		return nil, err
	}
	images, err := readN(r, int64(head.N)*int64(head.C)*int64(head.H)*int64(head.W), length)
	if err != nil {
		return nil, err
	}
	if err := expectEnd(r); err != nil {
		return nil, err
	}
	set, err := New(name, images, labels, head.C, head.H, head.W, head.Classes)
	if err != nil {
		return nil, err
	}
	if set.Checksum != head.Checksum {
		return nil, fmt.Errorf("%w: checksum mismatch", ErrCorrupt)
	}
	return set, nil
}

// writeCacheFile writes a set to a file under a temporary name and then renames it, so
// that no reader sees an incomplete file. The file is not synced: if a power cut leaves
// it incomplete, its checksum does not match.
func writeCacheFile(path, key string, set *Set) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the cache of decoded sets: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".decoding-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write the decoded set: %w", err)
	}
	err = writeCache(file, key, set)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the decoded set: %w", err), os.Remove(file.Name()))
	}
	return nil
}

// writeCache writes a set in the format that [readCache] reads.
func writeCache(w io.Writer, key string, set *Set) error {
	text, err := json.Marshal(cacheHeader{
		Key: key, Checksum: set.Checksum, N: set.Len(), C: set.C, H: set.H, W: set.W, Classes: set.Classes,
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	start := binary.LittleEndian.AppendUint32([]byte(cacheMagic), uint32(len(text)))
	for _, part := range [][]byte{start, text, set.Labels, set.Images} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return out.Flush()
}
