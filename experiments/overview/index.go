package overview

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"backfire/experiments/store"
)

// File is the name of the index in a store: the rows of the results that List has read. It is only a cache. It may
// be deleted at any time, a damaged one counts as none, and a row counts only while size, times and inode of the
// result's files have not changed since the row was read. Several processes may write it; the last one's stays.
const File = ".index.json"

// indexFormat is the version of the index. It rises when Result or the texts in it change.
const indexFormat = 2

const (
	// maxIndex is the largest index that is read, in bytes.
	maxIndex = 1 << 30
	// settleTime is how long a result's files must have been unchanged before their times are believed to
	// change with the next write.
	settleTime = 2 * time.Second
	// draftAge is the age from which a draft of the index is taken to be of a process that has died.
	draftAge = time.Hour
	// indexDraft begins the names of drafts of the index.
	indexDraft = ".index-"
)

// indexed is a row of the index.
type indexed struct {
	Stamp  string `json:"stamp"` // of the result's files, see lister.stamp
	Result `json:"result"`
}

// index is the content of File, which follows its SHA-256 and a line break.
type index struct {
	Format int                `json:"format"`
	Rows   map[string]indexed `json:"rows"` // by hash
}

// stampedFiles returns the files of a result that its row is read from.
func stampedFiles() []string { return []string{store.ManifestFile, store.CellFile, store.ResultFile} }

// stamp returns a text that changes when a result's files do; empty if they cannot be examined. It also reports
// whether the last change is long enough ago that the next one has another time.
func (s lister) stamp(hash string) (stamp string, settled bool) {
	sum := sha256.New()
	settled = true
	for _, name := range stampedFiles() {
		info, err := os.Lstat(filepath.Join(s.Path(hash), name))
		if err != nil || !info.Mode().IsRegular() {
			return "", false
		}
		text, changed := fileStamp(info)
		if time.Since(changed) < s.settle {
			settled = false
		}
		_, _ = io.WriteString(sum, text+"\n") // never fails
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), settled
}

// readIndex returns the rows of the index; none if there is no whole one.
func (s lister) readIndex() map[string]indexed {
	content, err := s.Files().ReadFile(File, maxIndex)
	if err != nil {
		return nil
	}
	sum, text, _ := bytes.Cut(content, []byte("\n"))
	if string(sum) != sumOf(text) {
		return nil
	}
	var read index
	if json.Unmarshal(text, &read) != nil || read.Format != indexFormat {
		return nil
	}
	return read.Rows
}

// sumOf returns the SHA-256 of a text in hexadecimal digits.
func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// writeIndex replaces the index unless the rows are those of the old one. Where it cannot be written, the next
// list takes longer and nothing else happens.
func (s lister) writeIndex(old, rows map[string]indexed) {
	same := len(old) == len(rows)
	for hash, row := range rows {
		same = same && old[hash].Stamp == row.Stamp
	}
	if same {
		return
	}
	text, err := json.Marshal(index{Format: indexFormat, Rows: rows})
	if err != nil {
		return
	}
	s.removeIndexDrafts()
	files, draft := s.Files(), indexDraft+rand.Text()
	err = files.WriteFile(draft, append([]byte(sumOf(text)+"\n"), text...))
	if err == nil {
		err = files.Rename(draft, File)
	}
	if err != nil {
		_ = files.Remove(draft) // a later list removes it
	}
}

// removeIndexDrafts removes drafts of processes that died while they wrote the index.
func (s lister) removeIndexDrafts() {
	names, err := s.Names()
	if err != nil {
		return
	}
	for name := range names {
		if !strings.HasPrefix(name, indexDraft) {
			continue
		}
		if info, err := s.Files().Stat(name); err == nil && time.Since(info.ModTime) > draftAge {
			_ = s.Files().Remove(name)
		}
	}
}
