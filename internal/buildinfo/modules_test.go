package buildinfo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// thirdParty returns the modules that THIRD_PARTY.md names in a section: the words of the
// first column that are paths. x/NAME stands for golang.org/x/NAME.
func thirdParty(t *testing.T, root, section string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "THIRD_PARTY.md"))
	require.NoError(t, err)
	_, body, found := strings.Cut(string(text), "\n## "+section+"\n")
	require.True(t, found, section)
	body, _, _ = strings.Cut(body, "\n## ")
	path := regexp.MustCompile(`^(x|[a-z0-9.-]+\.[a-z]+)(/[A-Za-z0-9._~-]+)+$`)
	var modules []string
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		for word := range strings.FieldsFuncSeq(first, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !path.MatchString(word) {
				continue
			}
			if strings.HasPrefix(word, "x/") {
				word = "golang.org/" + word
			}
			modules = append(modules, word)
		}
	}
	return modules
}

// The modules in the programs and in set-up are those that THIRD_PARTY.md lists with
// their licences: no more, and no fewer.
func TestThirdPartyListsTheModules(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	command := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".", "./engine/backfire-engine", "./scripts/setup")
	command.Dir, command.Stderr = root, os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	linked := slices.Compact(slices.Sorted(strings.FieldsSeq(string(out))))
	require.NotEmpty(t, linked)

	listed := thirdParty(t, root, "Go modules in the binary or in its set-up")
	require.ElementsMatch(t, slices.DeleteFunc(linked, func(path string) bool {
		return path == "github.com/sugarme/gotch" // listed with what set-up fetches, since it is adapted
	}), listed)
}

// Each module that go.mod requires directly is named somewhere in THIRD_PARTY.md, those
// of the tests in its prose.
func TestThirdPartyNamesTheRequirements(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	text, err := os.ReadFile("../../THIRD_PARTY.md")
	require.NoError(t, err)
	named := 0
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(line, "\t") {
			continue // of another kind, or an indirect requirement
		}
		path := regexp.MustCompile(`/v\d+$`).ReplaceAllString(fields[0], "")
		path = strings.TrimPrefix(strings.TrimPrefix(path, "golang.org/"), "github.com/sugarme/")
		path = strings.TrimPrefix(path, "github.com/chromedp/")
		require.Contains(t, string(text), path)
		named++
	}
	require.Greater(t, named, 20)
}
