package store_test

import (
	"errors"
	"os"
	"path/filepath"
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

func TestDamagedFailureIsAnError(t *testing.T) {
	st := enginetest.OpenStore(t)
	require.NoError(t, st.NoteFailure("plan", store.Failure{Cell: "a"}, false))
	path := filepath.Join(st.PlanDir("plan"), "failed", "a.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), disk.FileMode))
	_, err := st.GivenUp("plan")
	require.ErrorContains(t, err, path)
}

func TestOneLine(t *testing.T) {
	require.Equal(t, "a; b; c", store.OneLine(errors.Join(errors.Join(errors.New("a"), errors.New("b")), errors.New("c"))))
}
