// Package buildinfo says what a program was built from. The command line and
// its engine are built together and both tell it.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// version and commit are set by the build:
// -ldflags "-X backfire/internal/buildinfo.version=v1.2.3 -X backfire/internal/buildinfo.commit=0123abcd".
var (
	version = "dev"
	commit  string
)

// Build says what a program was built from.
type Build struct {
	Version string `json:"version"` // release, or "dev"
	Commit  string `json:"commit"`  // revision, with "+changes" after it where the tree had some; empty: not known
	Go      string `json:"go"`      // toolchain and platform
	Gotch   string `json:"gotch"`   // version of the libtorch bindings; empty where they are not linked
}

// This returns what the running program was built from.
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
	if build.Commit != "" {
		return build
	}
	changed := false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			build.Commit = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if changed && build.Commit != "" {
		build.Commit += "+changes"
	}
	return build
}
