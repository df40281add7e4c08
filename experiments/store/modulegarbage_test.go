package store_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/network"
)

// keepModule keeps a module with a content in a store, as if it had been used an hour ago.
func keepModule(t *testing.T, st *store.Store, content string) network.Module {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.pt")
	require.NoError(t, os.WriteFile(file, []byte(content), disk.FileMode))
	module := network.Module{SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(content))), Values: 1}
	require.NoError(t, st.KeepModule(file, module))
	before := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(st.ModuleFile(module), before, before))
	return module
}

// putModel stores the cell of a model with a module and returns the hash under which it lies.
func putModel(t *testing.T, st *store.Store, hash string, module network.Module) {
	t.Helper()
	putResult(t, st, hash)
	c := enginetest.ExampleCell()
	c.Model = cell.Model{Architecture: network.Script, Module: module}
	text, err := yaml.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(st.Path(hash), store.CellFile), text, disk.FileMode))
}

// Modules that no kept model needs are garbage with their size, unless a stored plan names them or they are young.
func TestGarbageOfModules(t *testing.T) {
	st := enginetest.OpenStore(t)
	kept, unnamed, planned, left, young := keepModule(t, st, "of a kept model"), keepModule(t, st, "of a model that no run names"),
		keepModule(t, st, "of a plan"), keepModule(t, st, "of none"), keepModule(t, st, "young")
	needed, other := fmt.Sprintf("%064d", 1), fmt.Sprintf("%064d", 2)
	putModel(t, st, needed, kept)
	putModel(t, st, other, unnamed)
	require.NoError(t, os.MkdirAll(st.PlanDir("p"), disk.DirMode))
	require.NoError(t, os.WriteFile(filepath.Join(st.PlanDir("p"), "plan.json"), []byte("model.file: "+st.ModuleFile(planned)), disk.FileMode))
	require.NoError(t, os.WriteFile(filepath.Join(st.PlanDir("p"), store.SweepFile), []byte(left.SHA256+" was trained"), disk.FileMode))
	file := filepath.Join(t.TempDir(), "net.pt")
	require.NoError(t, os.WriteFile(file, []byte("young"), disk.FileMode))
	require.NoError(t, st.KeepModule(file, young), "it is used now")

	garbage, err := st.Garbage(time.Now().Add(-time.Minute), func(string, []byte) ([]string, error) { return []string{needed}, nil })
	require.NoError(t, err)
	sizes := map[string]int64{}
	for _, g := range garbage {
		sizes[filepath.Base(g.Path)] = g.Bytes
	}
	cells, err := os.ReadFile(filepath.Join(st.Path(other), store.CellFile))
	require.NoError(t, err)
	require.Equal(t, map[string]int64{
		other: int64(len(cells) + len("12345")), unnamed.SHA256 + ".pt": int64(len("of a model that no run names")), left.SHA256 + ".pt": int64(len("of none")),
	}, sizes)

	// A module of a result that is still there is left alone; results are listed first.
	for i, g := range garbage {
		if filepath.Base(g.Path) == unnamed.SHA256+".pt" {
			require.ErrorIs(t, st.Remove(g), store.ErrTaken)
			require.Positive(t, i)
		}
	}
	for _, g := range garbage {
		require.NoError(t, st.Remove(g))
		require.NoFileExists(t, g.Path)
	}
	for _, module := range []network.Module{kept, planned, young} {
		require.FileExists(t, st.ModuleFile(module))
	}
	require.NoError(t, os.WriteFile(filepath.Join(st.Path(needed), store.CellFile), []byte("damaged: ["), disk.FileMode))
	keepModule(t, st, "of none")
	garbage, err = st.Garbage(time.Now(), func(string, []byte) ([]string, error) { return []string{needed}, nil })
	require.NoError(t, err)
	require.Empty(t, garbage, "a cell that cannot be read may need any of them")
}

func TestMissingModulesAreNamedWithTheWayOut(t *testing.T) {
	st := enginetest.OpenStore(t)
	c := enginetest.ExampleCell()
	require.NoError(t, st.CheckModule(c), "it has no module")
	c.Model = cell.Model{Architecture: network.Script, Module: keepModule(t, st, "code")}
	require.NoError(t, st.CheckModule(c))
	require.NoError(t, os.WriteFile(st.ModulePath(c), []byte("damage"), disk.FileMode))
	err := st.CheckModule(c)
	require.ErrorIs(t, err, network.ErrModule)
	require.ErrorContains(t, err, "is damaged (SHA-256")
	require.NoError(t, os.Remove(st.ModulePath(c)))
	err = st.CheckModule(c)
	require.ErrorIs(t, err, network.ErrModule)
	require.ErrorContains(t, err, st.Dir()+" lacks: copy the file that model.file named, or .modules/"+c.Model.Module.SHA256+".pt of the store that trained the model, to "+st.ModulePath(c))
}
