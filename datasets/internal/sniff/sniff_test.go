package sniff

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestKind(t *testing.T) {
	tarHead := make([]byte, Head)
	copy(tarHead[257:], "ustar")
	for want, head := range map[string]string{
		"a WebP image":      "RIFF\x10\x00\x00\x00WEBPVP8 ",
		"a GIF image":       "GIF89a",
		"a zip archive":     "PK\x03\x04...",
		"an HTML page":      "\n<!DOCTYPE html><html>rate limited</html>",
		"a Git LFS pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:00",
		"a Python pickle":   "\x80\x04\x95",
		"a file of zeros":   "\x00\x00\x00\x00",
		"a tar archive":     string(tarHead),
		"":                  "hello",
	} {
		name, _ := Kind([]byte(head))
		require.Equal(t, want, name)
	}
	for head, want := range map[string]string{
		"Rar!": ": it is a RAR archive; unpack it, and name the directory", "\x89PNG\r\n\x1a\n": ": it is a PNG image", "": ": it is an empty file", "hello": "",
	} {
		clause, advised := Clause([]byte(head))
		require.Equal(t, want, clause)
		require.Equal(t, head == "Rar!", advised)
	}
}

func TestKindOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "head")
		name, advice := Kind(head)
		require.False(t, name == "" && advice != "", "advice belongs to a kind")
	})
}
