package cell_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/indexing"
	"backfire/defenses/mix"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

// Every stored result lies under such a hash. A change of a hash hides all stored results, which only a new
// cell.Format may do.
func TestHashIsPinned(t *testing.T) {
	hash, err := enginetest.ExampleCell().Hash()
	require.NoError(t, err)
	require.Equal(t, "e73650f7adb4841b667024f8ba91dca70b38bf29afdd3c453911779066e9e831", hash)
	hash, err = enginetest.DefendedCell().Hash()
	require.NoError(t, err)
	require.Equal(t, "d9de4472bd2604c02c6c75ad65ac0e04e47e75c66314d38045c0259277145d6a", hash)
	require.Nil(t, cell.NewDefense(defenses.Stack{}, definition.Model{}), "a defender that does nothing has the cells of none")
	require.Nil(t, cell.NewDefense(defenses.NewStack(indexing.Kind, &indexing.Defense{}), definition.Model{}), "a model does not know which others there are")
}

func TestHashChangesWithEveryField(t *testing.T) {
	seen := map[string]string{}
	note := func(name string, cell cell.Cell) {
		hash, err := cell.Hash()
		require.NoError(t, err)
		require.NotContains(t, seen, hash, "%s has the hash of %s", name, seen[hash])
		seen[hash] = name
	}
	note("the cell without a defense", enginetest.ExampleCell())
	note("the cell", enginetest.DefendedCell())
	c := enginetest.DefendedCell()
	changes := 0
	eachLeaf(t, reflect.ValueOf(&c).Elem(), "cell", func(name string) {
		changes++
		note(name, c)
	})
	sliced := enginetest.DefendedCell()
	sliced.Defense.Slices = []cell.Slice{{Enter: []int{7, 4}, Epochs: 10}, {Enter: []int{3, 9}, Epochs: 20}}
	note("the cell in slices", sliced)
	eachLeaf(t, reflect.ValueOf(&sliced.Defense.Slices).Elem(), "slices", func(name string) {
		changes++
		note(name, sliced)
	})
	require.Greater(t, changes, 30, "the walk must reach into every part of the cell")
}

// eachLeaf changes the values below v one after the other, calls changed, and restores the value. The length of
// a list is a value too.
func eachLeaf(t *testing.T, v reflect.Value, name string, changed func(name string)) {
	t.Helper()
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		eachLeaf(t, v.Elem(), name, changed)
		if name == "cell.Defense" {
			return // without it is the other example
		}
		v.SetZero()
	case reflect.Struct:
		if stack, ok := v.Interface().(defenses.Stack); ok {
			for _, kind := range stack.Kinds() {
				eachLeaf(t, reflect.ValueOf(stack.Settings(kind)).Elem(), name+"."+string(kind), changed)
			}
			return
		}
		for i := range v.NumField() {
			eachLeaf(t, v.Field(i), name+"."+v.Type().Field(i).Name, changed)
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			eachLeaf(t, v.Index(i), fmt.Sprintf("%s[%d]", name, i), changed)
		}
		if v.Len() == 0 {
			return
		}
		v.Set(v.Slice(0, v.Len()-1))
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint64:
		v.SetUint(v.Uint() - 1)
	case reflect.Float64:
		if v.Float() == 0 { // left out of the text, unlike any other value
			v.SetFloat(1e-15)
		} else {
			v.SetFloat(v.Float() * (1 + 1e-15)) // the smallest steps count
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "'")
	default:
		require.Fail(t, "no test for this kind of field", "%s: %s", name, v.Kind())
	}
	changed(name)
	v.Set(old)
}

func TestHashDoesNotDependOnTheOrderOfKeys(t *testing.T) {
	want, err := enginetest.ExampleCell().Hash()
	require.NoError(t, err)
	text, err := yaml.Marshal(enginetest.ExampleCell())
	require.NoError(t, err)
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffleKeys(rng, &document)
		shuffled, err := yaml.Marshal(&document)
		require.NoError(t, err)
		cell, err := cell.Parse(shuffled)
		require.NoError(t, err)
		got, err := cell.Hash()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func shuffleKeys(rng *rand.Rand, node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		rng.Shuffle(len(node.Content)/2, func(i, j int) {
			for k := range 2 {
				node.Content[2*i+k], node.Content[2*j+k] = node.Content[2*j+k], node.Content[2*i+k]
			}
		})
	}
	for _, child := range node.Content {
		shuffleKeys(rng, child)
	}
}

func TestParseCellReadsWhatIsWritten(t *testing.T) {
	defended := enginetest.DefendedCell()
	defended.Defense.Stack = defended.Defense.Stack.Without(defenses.KindFGSM) // which no defender has beside PGD
	for _, encode := range []func(any) ([]byte, error){yaml.Marshal, json.Marshal} {
		for _, want := range []cell.Cell{enginetest.ExampleCell(), defended} {
			text, err := encode(want)
			require.NoError(t, err)
			cell, err := cell.Parse(text)
			require.NoError(t, err)
			require.Equal(t, want, cell)
		}
	}
}

func TestTitle(t *testing.T) {
	c := enginetest.ExampleCell()
	require.Equal(t, "N = 2", c.Title())
	c.Game.Attackers = c.Game.Attackers[:1]
	require.Equal(t, "attacker 3 alone", c.Title())
	c.Defense = cell.NewDefense(defenses.Stack{}, definition.Model{Excluded: []int{3}})
	require.Equal(t, "attacker 3 alone, leaving out agent 3", c.Title())
	cut := defenses.CutMix{Settings: mix.Default()}
	c = enginetest.ExampleCell()
	c.Defense = cell.NewDefense(defenses.NewStack(defenses.KindCutMix, &cut), definition.Model{})
	require.Equal(t, "N = 2, cutmix", c.Title())
	c.Defense.Excluded = []int{0, 2, 5}
	require.Equal(t, "N = 2, cutmix, leaving out agents 0 2 5", c.Title())
	c.Defense.Excluded = []int{0, 2, 5, 7}
	require.Equal(t, "N = 2, cutmix, leaving out 4 agents from 0 on", c.Title())
}
