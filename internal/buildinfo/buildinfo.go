// Package buildinfo tells from which sources, and with which tools, the running
// program was built. The command line and its engine are built together, and both
// report it, so that a pair that does not belong together can be recognised.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// Unreleased is the version of a program that was built without a version tag: the
// version that CHANGELOG.md begins with, and that it is not released.
const Unreleased = "0.9.0-unreleased"

// version and commit are set by the build:
// -ldflags "-X backfire/internal/buildinfo.version=v1.2.3 -X backfire/internal/buildinfo.commit=0123abcd".
var (
	version = Unreleased
	commit  string
)

// Build describes the sources and the tools that a program was built from.
type Build struct {
	Version string `json:"version"` // from the version tag, or else [Unreleased]
	Commit  string `json:"commit"`  // revision, with "+changes" appended if the tree had uncommitted ones; empty: not known
	Go      string `json:"go"`      // toolchain and platform
	Gotch   string `json:"gotch"`   // version of the libtorch bindings; empty where they are not linked
}

// This returns the build of the running program.
func This() Build {
	build := Build{Version: version, Commit: commit, Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/sugarme/gotch" {
			build.Gotch = module.Version
		}
	}
	if build.Commit == "" {
		build.Commit = revision(info.Settings)
	}
	return build
}

// revision returns the revision that the go command recorded, with "+changes"
// appended if the tree had uncommitted changes; empty if it recorded none.
func revision(settings []debug.BuildSetting) string {
	commit, changes := "", ""
	for _, setting := range settings {
		switch setting.Key {
		case "vcs.revision":
			commit = setting.Value
		case "vcs.modified":
			if setting.Value == "true" {
				changes = "+changes"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return commit + changes
}
