package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// tools are the programs that the scripts of the Makefile need beside go.
var tools = []string{"sh", "sed", "sort", "head", "sleep", "echo", "true"}

// runScript runs a script of the Makefile in a clone, with a PATH that has the tools and, if goScript is not empty, a go command that
// is this shell script. It returns the exit code and the standard error.
func runScript(t *testing.T, goScript, script string, args ...string) (code int, stderr string) {
	t.Helper()
	bin := t.TempDir()
	for _, tool := range tools {
		path, err := exec.LookPath(tool)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, tool)))
	}
	if goScript != "" {
		writeFile(t, filepath.Join(bin, "go"), "#!/bin/sh\n"+goScript+"\n", 0o755)
	}
	path, err := filepath.Abs(filepath.Join("..", script))
	require.NoError(t, err)
	var out bytes.Buffer
	command := exec.Command(path, args...)
	command.Dir, command.Env, command.Stderr = newClone(t), []string{"PATH=" + bin}, &out
	if err := command.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return command.ProcessState.ExitCode(), out.String()
}

func TestCheckGo(t *testing.T) {
	const need = "; backfire is built with Go 1.26.0 or newer: unpack it from https://go.dev/dl/ and put its bin directory at the front of PATH"
	for _, tc := range []struct {
		name, goScript, want string // an empty want: Go is accepted
	}{
		{"missing", "", "make: Go is missing" + need},
		{"old", "echo go1.22.2", "/go is go1.22.2" + need},
		{"older than go env GOVERSION", "echo", "/go is older than Go 1.16" + need},
		{"old without network", `[ "$GOTOOLCHAIN" = local ] || exit 1; echo go1.24.1`, "/go is go1.24.1 and cannot fetch a newer Go" + need},
		{"a later patch of an old one", "echo go1.25.99", "/go is go1.25.99" + need},
		{"the same", "echo go1.26.0", ""},
		{"newer", "echo go1.26.8", ""},
		{"two digits", "echo go1.100.1", ""},
		{"with experiments", "echo go1.26.0 X:jsonv2", ""},
		{"built from sources", "echo devel go1.27-0123456789", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stderr := runScript(t, tc.goScript, "check-go.sh")
			if tc.want == "" {
				require.Zero(t, code, stderr)
				require.Empty(t, stderr)
				return
			}
			require.Equal(t, 1, code)
			require.Contains(t, stderr, tc.want)
			require.Equal(t, 1, bytes.Count([]byte(stderr), []byte("\n")), "more than one line")
		})
	}
}

func TestAnnounce(t *testing.T) {
	code, stderr := runScript(t, "", "announce.sh", "compiling", "true")
	require.Zero(t, code)
	require.Empty(t, stderr, "a fast command was announced")
	code, stderr = runScript(t, "", "announce.sh", "compiling", "sh", "-c", "sleep 3; echo wrong >&2; exit 7")
	require.Equal(t, 7, code)
	require.Equal(t, "compiling\nwrong\n", stderr)
}
