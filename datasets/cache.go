package datasets

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"backfire/datasets/census"
	"backfire/internal/disk"
)

// cacheMagic is the beginning of every file of the cache of decoded sets. It contains
// the version of the file format.
const cacheMagic = "backfire decoded set v3\n"

// maxCacheHeader is the largest accepted size of a header in bytes. It has ample space
// for 256 class names, a census and the contributors of some million images.
const maxCacheHeader = 32 << 20

// errChanged reports that the files of a folder changed although their stamps are the
// same.
var errChanged = errors.New("the images have changed")

// cacheHeader is the JSON header of a cache file. Its SHA-256, labels and images follow
// it.
type cacheHeader struct {
	Key      string        `json:"key"`
	Checksum string        `json:"checksum"` // Set.Checksum: over the header's own fields, the labels and the images
	N        int           `json:"n"`
	C        int           `json:"c"`
	H        int           `json:"h"`
	W        int           `json:"w"`
	Classes  []string      `json:"classes"`
	Name     string        `json:"name"`    // the dataset's
	Split    string        `json:"split"`   // train, test or all
	From     string        `json:"from"`    // the path that was read
	Since    int64         `json:"since"`   // see contentCheck, in nanoseconds since 1970
	Content  string        `json:"content"` // the digest of contentCheck; empty for an archive, whose key covers it
	Census   census.Census `json:"census"`
	// Contributors are those of the set, which has another checksum with them.
	Contributors *Contributors `json:"contributors,omitempty"`
}

// choices returns what else a loader's set depends on, for the key of the cache.
func (l *loader) choices() string {
	if l.size.w == 0 && l.src.Contributors == "" {
		return ""
	}
	return fmt.Sprintf("\nresize %v contributors %q", l.size, l.src.Contributors)
}

// cached returns the set of the given content from the cache of decoded sets, or
// builds it and stores it there. check, if not nil, compares the files themselves. A
// cache that cannot be read or written must not prevent loading, so its errors have no
// effect but to take time. If a file of the cache is damaged, the set names it.
func (l *loader) cached(content string, check *contentCheck, build func() (*Set, error)) (*Set, error) {
	build = countedBuild(build)
	dir, err := DecodedDir(l.src.CacheDir)
	if err != nil {
		return build()
	}
	// The JPEG decoder depends on the Go version, and its last bits may differ.
	id := sha256.Sum256(fmt.Appendf(nil, "%s%s\n%s\n%s %t\n%s",
		cacheMagic, runtime.Version(), l.src.Name, l.split, l.auto, content+l.choices()))
	file := cacheFile{
		path: filepath.Join(dir, hex.EncodeToString(id[:16])+cacheEnding), limit: cmp.Or(l.src.CacheLimit, DefaultCacheLimit),
		cacheHeader: cacheHeader{Key: hex.EncodeToString(id[:]), Name: l.src.Name, Split: l.split, From: l.src.Path},
	}
	set, damage := file.load(check)
	if damage == nil {
		return set, nil
	}
	if set, err = build(); err != nil {
		return nil, err
	}
	if unread := (*fs.PathError)(nil); !errors.As(damage, &unread) && !errors.Is(damage, errChanged) {
		set.Repaired = fmt.Sprintf("%s: %v", file.path, damage)
	}
	_ = file.store(set, check)
	return set, nil
}

// countedBuild returns a function that builds a set and counts its pixels.
func countedBuild(build func() (*Set, error)) func() (*Set, error) {
	return func() (*Set, error) {
		set, err := build()
		return counted(set), err
	}
}

// cacheFile is one file of the cache of decoded sets.
type cacheFile struct {
	path  string
	limit int64 // of the whole cache, in bytes
	cacheHeader
}

// load reads the set of a file that check finds unchanged.
func (f cacheFile) load(check *contentCheck) (*Set, error) {
	young := false
	set, err := readCacheFile(f.path, f.Key, f.Name, func(head cacheHeader) error {
		if check == nil {
			return nil
		}
		content, some, err := check.digest(time.Unix(0, head.Since))
		if err != nil || content != head.Content {
			return errChanged
		}
		young = some
		return nil
	})
	if err != nil {
		return nil, err
	}
	if young && !check.young(check.since()) {
		_ = f.store(set, check) // so that the next load need not read all young files
		return set, nil
	}
	dir, file := disk.Split(f.path)
	_ = dir.Touch(file) // the time of the last use
	return set, nil
}

// store writes a set and deletes those that exceed the limit of the cache.
func (f cacheFile) store(set *Set, check *contentCheck) error {
	if int64(len(set.Images)) > f.limit {
		return nil
	}
	if check != nil {
		content, _, err := check.digest(check.since())
		if err != nil {
			return err
		}
		f.Since, f.Content = check.since().UnixNano(), content
	}
	if err := writeCacheFile(f.path, f.cacheHeader, set); err != nil {
		return err
	}
	return evict(filepath.Dir(f.path), filepath.Base(f.path), f.limit)
}

// readCacheFile reads a decoded set from the file at path, see [readCache].
func readCacheFile(path, key, name string, check func(cacheHeader) error) (*Set, error) {
	file, err := openIn(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return nil, fmt.Errorf("open the decoded set: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the decoded set: %w", err)
	}
	return readCache(file, stat.Size(), key, name, check)
}

// readCache reads a decoded set from a stream of length bytes and compares it with the
// checksums that it contains. check, if not nil, decides by the header whether the set
// is read.
func readCache(r io.Reader, length int64, key, name string, check func(cacheHeader) error) (*Set, error) {
	head, err := readCacheHeader(r)
	if err != nil {
		return nil, err
	}
	if head.Key != key {
		return nil, fmt.Errorf("%w: another set", ErrCorrupt)
	}
	if head.C != 1 && head.C != 3 {
		return nil, fmt.Errorf("%w: %d channels", ErrCorrupt, head.C)
	}
	if err := checkDims(head.N, head.C, head.H, head.W); err != nil {
		return nil, err
	}
	if check != nil {
		if err := check(head); err != nil {
			return nil, err
		}
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
	if head.Contributors != nil {
		if err := head.Contributors.fits(set); err != nil {
			return nil, err
		}
		set.attach(head.Contributors)
	}
	if set.Checksum != head.Checksum {
		return nil, fmt.Errorf("%w: checksum mismatch", ErrCorrupt)
	}
	set.Census = head.Census
	return set, nil
}

// readCacheHeader reads the header of a file of the cache.
func readCacheHeader(r io.Reader) (cacheHeader, error) {
	start, err := readN(r, int64(len(cacheMagic)+4), 0)
	if err != nil {
		return cacheHeader{}, err
	}
	size := binary.LittleEndian.Uint32(start[len(cacheMagic):])
	if string(start[:len(cacheMagic)]) != cacheMagic || size > maxCacheHeader {
		return cacheHeader{}, fmt.Errorf("%w: not a decoded set of this version", ErrCorrupt)
	}
	text, err := readN(r, int64(size)+sha256.Size, 0)
	if err != nil {
		return cacheHeader{}, err
	}
	if sum := sha256.Sum256(text[:size]); !bytes.Equal(sum[:], text[size:]) {
		return cacheHeader{}, fmt.Errorf("%w: header: checksum mismatch", ErrCorrupt)
	}
	var head cacheHeader
	if err := json.Unmarshal(text[:size], &head); err != nil {
		return cacheHeader{}, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	return head, nil
}

// writeCacheFile writes a set to a file under a temporary name and then renames it, so
// that no reader sees an incomplete file. The file is not synced: if a power cut leaves
// it incomplete, its checksum does not match.
func writeCacheFile(path string, head cacheHeader, set *Set) error {
	dir, name := disk.Split(path)
	if err := dir.MkdirAll("."); err != nil {
		return fmt.Errorf("make the cache of decoded sets: %w", err)
	}
	temporary := temporaryPrefix + rand.Text()
	file, err := dir.Create(temporary)
	if err != nil {
		return fmt.Errorf("write the decoded set: %w", err)
	}
	err = writeCache(file, head, set)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = dir.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the decoded set: %w", err), dir.Remove(temporary))
	}
	return nil
}

// writeCache writes a set in the format that [readCache] reads. head has the fields that
// do not follow from the set.
func writeCache(w io.Writer, head cacheHeader, set *Set) error {
	head.Checksum, head.N, head.C, head.H, head.W = set.Checksum, set.Len(), set.C, set.H, set.W
	head.Classes, head.Census, head.Contributors = set.Classes, set.Census, set.Contributors
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if len(text) > maxCacheHeader {
		return fmt.Errorf("a header of %d bytes", len(text))
	}
	out := bufio.NewWriterSize(w, 1<<20)
	start := binary.LittleEndian.AppendUint32([]byte(cacheMagic), uint32(len(text)))
	sum := sha256.Sum256(text)
	for _, part := range [][]byte{start, text, sum[:], set.Labels, set.Images} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return out.Flush()
}
