package buildinfo

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThis(t *testing.T) {
	build := This()
	require.Equal(t, Unreleased, build.Version)
	require.Contains(t, build.Go, runtime.Version())
	require.Empty(t, build.Gotch, "this test links no libtorch")
}

// The version without a tag is that of the newest entry of the change log.
func TestUnreleasedIsTheNewestVersion(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("these sources come without CHANGELOG.md")
	}
	require.NoError(t, err)
	newest := regexp.MustCompile(`(?m)^## v?([0-9]+\.[0-9]+\.[0-9]+)`).FindSubmatch(text)
	require.NotNil(t, newest, "CHANGELOG.md has no heading with a version")
	require.Equal(t, string(newest[1])+"-unreleased", Unreleased)
}

func TestRevision(t *testing.T) {
	for _, tc := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"nothing recorded", nil, ""},
		{"a clean tree", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: "false"}}, "0123"},
		{"a changed tree", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: "0123"}}, "0123+changes"},
		{"changes of no revision", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, revision(tc.settings)) })
	}
}
