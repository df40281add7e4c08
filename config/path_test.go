package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// ~/ is the home directory in each path, in each source. A file keeps it through
// --format yaml.
func TestHomeDirectory(t *testing.T) {
	home := t.TempDir()
	environ := []string{"HOME=" + home}
	for _, opts := range []config.Options{
		{Sets: []string{"store=~/runs", "data.dir=~/data", "data.name=folder", "data.path=~/a/../b", "trigger.kind=image", "trigger.files=~/x.png,y.png,~/z.png", "attackers.counts=3"}},
		{File: writeFile(t, "store: ~/runs\ndata: {dir: '~/data', name: folder, path: ~/a/../b}\ntrigger: {kind: image, files: [~/x.png, y.png, ~/z.png]}\nattackers.counts: [3]\n")},
		{
			Environ: []string{"BACKFIRE_STORE=~/elsewhere", "BACKFIRE_DATA=~/data", "BACKFIRE_DATA_NAME=folder", "BACKFIRE_DATA_PATH=~/a/../b", "BACKFIRE_TRIGGER_KIND=image", "BACKFIRE_TRIGGER_FILES=~/x.png,y.png,~/z.png", "BACKFIRE_ATTACKERS_COUNTS=3"},
			Flags:   map[string]string{"store": "~/runs"},
		},
	} {
		opts.Environ = append(opts.Environ, environ...)
		resolved, err := config.Load(opts)
		require.NoError(t, err)
		c := resolved.Config
		require.Equal(t, []string{home + "/runs", home + "/data", home + "/b"}, []string{c.Store, c.Data.Dir, c.Data.Path})
		require.Equal(t, []string{home + "/x.png", "y.png", home + "/z.png"}, c.Trigger.Files)
		text, err := resolved.YAML()
		require.NoError(t, err)
		back, err := config.Load(config.Options{File: writeFile(t, string(text))})
		require.NoError(t, err)
		require.Equal(t, []string{c.Store, c.Data.Dir, c.Data.Path}, []string{back.Config.Store, back.Config.Data.Dir, back.Config.Data.Path})
		require.Equal(t, c.Trigger.Files, back.Config.Trigger.Files)
	}
	require.NoError(t, os.WriteFile(filepath.Join(home, "c.yaml"), []byte("seed: 7"), 0o600))
	resolved, err := config.Load(config.Options{File: "~/c.yaml", Environ: environ})
	require.NoError(t, err)
	require.Equal(t, "file "+home+"/c.yaml", resolved.Sources["seed"])
}

func TestHomeDirectoryInSweeps(t *testing.T) {
	home := t.TempDir()
	text := "name: s\nbase: {store: ~/runs, data.name: folder}\nlist: [{data.path: ~/a}, {data.path: ./~/b}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, "s.yaml"), []byte(text), 0o600))
	sweep, err := config.LoadSweep("~/s.yaml", config.Options{Environ: []string{"HOME=/elsewhere", "HOME=" + home}}, 0)
	require.NoError(t, err)
	require.Equal(t, home+"/a", sweep.Points[0].Config.Data.Path)
	require.Equal(t, "./~/b", sweep.Points[1].Config.Data.Path)
	require.Equal(t, home+"/runs", sweep.Points[1].Config.Store)
}

func TestPathsThatAreNoneAreRefused(t *testing.T) {
	for set, want := range map[string]string{
		"store=~":        "config: store = ~ (--set): names no file; for a file of that name, write ./~",
		"store=null":     "names no file",
		"data.dir=~me/x": "config: data.dir = ~me/x (--set): begins with ~; only ~/ stands for a directory",
		"data.dir=~+":    "begins with ~",
		"store=~/runs":   "config: store = ~/runs (--set): begins with ~/, but HOME, which names the home directory, is not set",
	} {
		_, err := config.Load(config.Options{Sets: []string{set}, Environ: []string{"HOME="}})
		require.ErrorContains(t, err, want)
		require.ErrorIs(t, err, config.ErrInvalid)
	}
	_, err := config.Load(config.Options{File: "~/c.yaml"})
	require.ErrorContains(t, err, "config: path ~/c.yaml: begins with ~/, but HOME")
	_, err = config.LoadSweep("~/s.yaml", config.Options{}, 0)
	require.ErrorContains(t, err, "config: path ~/s.yaml: begins with ~/, but HOME")
}

func TestExpandPath(t *testing.T) {
	environ := []string{"HOME=/home"}
	for path, want := range map[string]string{"~/x": "/home/x", "~/": "/home", "x/~/y": "x/~/y", "": "", "./~": "./~", "-": "-", "x~": "x~"} {
		got, err := config.ExpandPath(path, environ)
		require.NoError(t, err, path)
		require.Equal(t, want, got, path)
	}
	for _, path := range []string{"~", "~me", "~me/x", "~~/x"} {
		_, err := config.ExpandPath(path, environ)
		require.ErrorIs(t, err, config.ErrInvalid, path)
	}
}
