package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

func TestFailuresAreNotedUntilTheyAreForgiven(t *testing.T) {
	st := enginetest.OpenStore(t)
	_, exists, err := st.FailureOf("plan", "a")
	require.NoError(t, err)
	require.False(t, exists)
	given, err := st.GivenUp("plan")
	require.NoError(t, err)
	require.Empty(t, given)

	b := store.Failure{Cell: "b", Title: "N = 2", Error: "no"}
	require.NoError(t, st.NoteFailure("plan", b, true))
	require.NoError(t, st.NoteFailure("plan", store.Failure{Cell: "a"}, false))
	require.NoError(t, st.NoteFailure("plan", store.Failure{Cell: "a"}, false))
	given, err = st.GivenUp("plan")
	require.NoError(t, err)
	require.Len(t, given, 2)
	require.Len(t, given[0].Hosts, 2, "each note adds its host")
	require.Equal(t, b, given[1].Failure)
	require.True(t, given[1].Final)
	other, err := st.GivenUp("other")
	require.NoError(t, err)
	require.Empty(t, other)

	require.NoError(t, st.Forgive("plan"))
	given, err = st.GivenUp("plan")
	require.NoError(t, err)
	require.Empty(t, given)
}

func TestHostsThatMayTryAFailedCell(t *testing.T) {
	here, err := os.Hostname()
	require.NoError(t, err)
	for _, tc := range []struct {
		name    string
		givenUp store.GivenUp
		want    bool
	}{
		{"another host failed", store.GivenUp{Hosts: []string{here + "x"}}, false},
		{"this host failed", store.GivenUp{Hosts: []string{here}}, true},
		{"two hosts failed", store.GivenUp{Hosts: []string{here + "x", here + "y"}}, true},
		{"a retry would fail", store.GivenUp{Final: true}, true},
	} {
		got, err := tc.givenUp.ForThisHost()
		require.NoError(t, err)
		require.Equal(t, tc.want, got, tc.name)
	}
}

// A damaged note does not hide the others. It is named, its cell counts as not given up, and the next note takes
// its place.
func TestDamagedFailureIsNamed(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"half":         func(path string) error { return os.WriteFile(path, []byte("{"), disk.FileMode) },
		"empty":        func(path string) error { return os.Truncate(path, 0) },
		"other fields": func(path string) error { return os.WriteFile(path, []byte(`{"cel": "a"}`), disk.FileMode) },
		"other cell":   func(path string) error { return os.WriteFile(path, []byte(`{"cell": "c"}`), disk.FileMode) },
		"pipe":         func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, disk.FileMode)) },
		"link":         func(path string) error { return errors.Join(os.Remove(path), os.Symlink("b.json", path)) },
		"zeros":        func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)) },
		"directory":    func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, disk.DirMode)) },
		"huge":         func(path string) error { return os.Truncate(path, 1<<40) },
	} {
		t.Run(name, func(t *testing.T) {
			st := enginetest.OpenStore(t)
			for _, cell := range []string{"a", "b"} {
				require.NoError(t, st.NoteFailure("plan", store.Failure{Cell: cell}, false))
			}
			path := filepath.Join(st.PlanDir("plan"), "failed", "a.json")
			require.NoError(t, damage(path))
			given, err := st.GivenUp("plan")
			require.NoError(t, err)
			require.Len(t, given, 1)
			require.Equal(t, "b", given[0].Cell)
			damaged, err := st.DamagedFailures("plan")
			require.NoError(t, err)
			require.Len(t, damaged, 1)
			require.ErrorContains(t, damaged[0], path)
			_, exists, err := st.FailureOf("plan", "a")
			require.NoError(t, err)
			require.False(t, exists)
			require.NoError(t, st.NoteFailure("plan", store.Failure{Cell: "a"}, true))
			given, err = st.GivenUp("plan")
			require.NoError(t, err)
			require.Len(t, given, 2)
		})
	}
}

func TestOneLine(t *testing.T) {
	require.Equal(t, "a; b; c", store.OneLine(errors.Join(errors.Join(errors.New("a"), errors.New("b")), errors.New("c"))))
}
