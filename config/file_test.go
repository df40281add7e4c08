package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// formatted returns the values of keys in the notation of the command line.
func formatted(r *config.Resolved, keys ...string) []string {
	values := make([]string, len(keys))
	for i, key := range keys {
		for _, setting := range r.Settings() {
			if setting.Key == key {
				values[i] = config.Format(setting.Value)
			}
		}
	}
	return values
}

// fileValues are lines of a file, with the value of the line's key in the notation of
// the command line.
var fileValues = map[string]string{
	"attackers.label: 00014":                 "00014",
	"attackers.label: '00014'":               "00014",
	`attackers.label: "00014"`:               "00014",
	"attackers.label: 2.0":                   "2.0",
	"attackers.label: 007":                   "007",
	"attackers.label: True":                  "True",
	"attackers.label: no":                    "no",
	"attackers.label: on":                    "on",
	"attackers.label: ~":                     "~",
	"attackers.label: null":                  "null",
	"attackers.label: 1e3":                   "1e3",
	"attackers.label: 0x1F":                  "0x1F",
	"attackers.label: 1_000":                 "1_000",
	"attackers.label: +1":                    "+1",
	"attackers.label: -0":                    "-0",
	"attackers.label: .5":                    ".5",
	"attackers.label: .inf":                  ".inf",
	"attackers.label: 1:30":                  "1:30",
	"attackers.label: 2021-01-01":            "2021-01-01",
	"attackers.label: 2001-12-14 21:59:43.1": "2001-12-14 21:59:43.1",
	"attackers.label: <<":                    "<<",
	"attackers.label: =":                     "=",
	"attackers.label: !!str 007":             "007",
	"attackers.label: !!int '007'":           "007",
	"attackers.label: ! 007":                 "007",
	"attackers.label: !!binary Y2Fm6Q==":     "caf\xe9",
	"attackers.label: '#3'":                  "#3",
	"attackers.label: a#3":                   "a#3",
	"attackers.label: |\n  cat\n":            "cat",
	"attackers.label: >-\n  a\n  cat\n":      "a cat",
	"attackers.label: &name 00014":           "00014",
	"seed: 010":                              "10",
	"seed: 0x10":                             "16",
	"seed: 1_000":                            "1000",
	"seed: 7.0":                              "7",
	"seed: 1e3":                              "1000",
	"seed: 9007199254740993.0":               "9007199254740993",
	"seed: '7'":                              "7",
	"seed:\t7":                               "7",
	"attackers.p: -0.0":                      "0",
	"attackers.p0: ~":                        "",
	"attackers.p0: Null":                     "",
	"attackers.p0:":                          "",
	"attackers.p0: ''":                       "",
	"train.nesterov: True":                   "true",
	"attackers.counts: '1,2'":                "1,2",
	"attackers.counts: [1, 2,]":              "1,2",
	"attackers.counts:\n- 01\n- 2":           "1,2",
	"? attackers.p\n: 0.3":                   "0.3",
}

// A value is the text that stands in the file, whatever YAML takes it for.
func TestFileValuesAreTexts(t *testing.T) {
	for line, want := range fileValues {
		key, _, _ := strings.Cut(strings.TrimPrefix(line, "? "), ":")
		resolved, err := config.Load(config.Options{File: writeFile(t, line)})
		require.NoError(t, err, line)
		require.Equal(t, []string{want}, formatted(resolved, strings.TrimSpace(key)), line)
	}
	list := "attackers: {labels: list, counts: [5], targets: [00010, 2.0, True, ~, 'a,b']}"
	resolved, err := config.Load(config.Options{File: writeFile(t, list)})
	require.NoError(t, err)
	require.Equal(t, []string{"00010", "2.0", "True", "~", "a,b"}, resolved.Config.Attackers.Targets)
	require.Equal(t, []string{`00010,2.0,True,~,"a,b"`}, formatted(resolved, "attackers.targets"))
}

// Files as editors, systems and people write them.
func TestFileDocuments(t *testing.T) {
	keys := []string{"seed", "attackers.p", "attackers.label"}
	for name, text := range map[string]string{
		"plain":                  "seed: 7\nattackers:\n  p: 0.3\n  label: Coat\n",
		"CRLF":                   "seed: 7\r\nattackers:\r\n  p: 0.3\r\n  label: Coat\r\n",
		"CR":                     "seed: 7\rattackers:\r  p: 0.3\r  label: Coat\r",
		"BOM":                    "\ufeffseed: 7\nattackers:\n  p: 0.3\n  label: Coat\n",
		"BOM and ---":            "\ufeff---\nseed: 7\nattackers:\n  p: 0.3\n  label: Coat\n",
		"UTF-16":                 "\xff\xfes\x00e\x00e\x00d\x00:\x00 \x007\x00\n\x00a\x00t\x00t\x00a\x00c\x00k\x00e\x00r\x00s\x00.\x00p\x00:\x00 \x000\x00.\x003\x00\n\x00a\x00t\x00t\x00a\x00c\x00k\x00e\x00r\x00s\x00.\x00l\x00a\x00b\x00e\x00l\x00:\x00 \x00C\x00o\x00a\x00t\x00\n\x00",
		"JSON":                   `{"seed": 7, "attackers": {"p": 0.3, "label": "Coat"}}`,
		"begins with ---":        "---\nseed: 7\nattackers: {p: 0.3, label: Coat}\n",
		"ends with ---":          "seed: 7\nattackers: {p: 0.3, label: Coat}\n---\n",
		"ends with ...":          "seed: 7\nattackers: {p: 0.3, label: Coat}\n...\n",
		"between":                "%YAML 1.1\n---\nseed: 7\nattackers: {p: 0.3, label: Coat}\n...\n---\n# nothing\n...\n",
		"after empty documents":  "---\n# nothing\n---\n~\n---\nseed: 7\nattackers: {p: 0.3, label: Coat}\n",
		"alias":                  "seed: &a 7\nattackers: {p: &p 0.3, p0: *p, label: &c Coat}\n",
		"two parts of a section": "seed: 7\nattackers:\n  p: 0.3\nattackers.label: Coat\n",
		"merge":                  "x-common: &common\n  p: 0.3\n  label: Coat\nseed: 7\nattackers:\n  <<: *common\n",
		"merge of a part":        "x-common: &common {p: 0.1, label: Coat}\nseed: 7\nattackers:\n  p: 0.3\n  <<: *common\n",
		"merge of a list":        "x-a: &a {p: 0.3}\nx-b: &b {p: 0.4, label: Coat}\nseed: 7\nattackers:\n  <<: [*a, *b]\n",
		"merge of a merge":       "x-a: &a {p: 0.3}\nx-b: &b {<<: *a, label: Coat}\nseed: 7\nattackers: {<<: *b}\n",
		"merge of the document":  "x-all: &all\n  seed: 7\n  attackers: {p: 0.3, label: Coat}\n<<: *all\n",
		"merge in place":         "seed: 7\nattackers:\n  <<: {p: 0.3, label: Coat}\n",
		"merge of another key":   "common: &common\n  p: 0.3\n  label: Coat\nseed: 7\nattackers:\n  <<: *common\n",
		"value of another key":   "name: &name Coat\nseed: 7\nattackers: {p: 0.3, label: *name}\n",
		"section by alias":       "x-a: &a {p: 0.3, label: Coat}\nseed: 7\nattackers: *a\n",
		"key by alias":           "x-a: &k seed\n*k : 7\nattackers: {p: 0.3, label: Coat}\n",
	} {
		t.Run(name, func(t *testing.T) {
			resolved, err := config.Load(config.Options{File: writeFile(t, text)})
			require.NoError(t, err)
			require.Equal(t, []string{"7", "0.3", "Coat"}, formatted(resolved, keys...))
		})
	}
}

func TestFileDocumentsAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"comment for a value", "attackers:\n  label: #3\n", "config: attackers.label (file FILE:2): has no value (what follows # is a comment: put a value that has it in quotes); it must be a text"},
		{"nothing for a list", "attackers:\n  rates:\n", "config: attackers.rates (file FILE:2): has no value; it must be a list of numbers"},
		{"nothing in a list", "attackers.counts:\n- 1\n-\n", "config: attackers.counts = 1, (file FILE:1): has an empty element"},
		{"a number of minutes", "seed: 1:30\n", "config: seed = 1:30 (file FILE:1): must be a whole number"},
		{"infinity", "train:\n  lr: .inf\n", "config: train.lr = .inf (file FILE:2): must be a number, above 0"},
		{"a long number", "seed: 18446744073709551616\n", "config: seed = 18446744073709551616 (file FILE:1): must be a whole number"},
		{"an own tag", "attackers.label: !cat x\n", "config: attackers.label (file FILE:1): has the tag !cat, which means nothing here; it must be a text"},
		{"not base64", "attackers.label: !!binary '#'\n", "config: attackers.label (file FILE:1): has the tag !!binary and is not base64"},
		{"a set", "attackers.counts: !!set {1, 2}\n", "config: attackers.counts (file FILE:1): is not a single value"},
		{"a list in a list", "attackers.counts: [1, [2]]\n", "config: attackers.counts (file FILE:1): is a list within a list"},
		{"a mapping in a list", "attackers.counts: [1, {2: 3}]\n", "config: attackers.counts (file FILE:1): is not a single value"},
		{"second document", "seed: 7\n---\n---\nseed: 8\n", "config: file FILE:4: holds more than one YAML document; the first begins at line 1"},
		{"twice by a merge of two forms", "x-a: &a\n  attackers: {p: 0.3}\n<<: *a\nattackers.p: 0.4\n", "config: attackers.p (file FILE:2): was already given in line 4"},
		{"twice in what is merged", "x-a: &a {p: 0.3, p: 0.4}\nattackers: {<<: *a}\n", "config: attackers.p (file FILE:1): was already given in line 1"},
		{"two merge keys", "x-a: &a {p: 0.3}\nattackers:\n  <<: *a\n  <<: *a\n", "config: file FILE:4: has a second merge key; merge several mappings as <<: [*a, *b]"},
		{"merge of a value", "x-a: &a 5\nattackers:\n  <<: *a\n", "a merge key (<<) needs a mapping"},
		{"merge of itself", "attackers: &a\n  <<: *a\n", "config: file FILE:1: merges itself (<<)"},
		{"wrong value in what is merged", "x-a: &a\n  p: 3\nattackers:\n  <<: *a\n", "config: attackers.p = 3 (file FILE:2): must be a number from 0 to 1"},
		{"unknown key in what is merged", "base: &a\n  q: 3\nattackers:\n  <<: *a\n", "config: attackers.q (file FILE:2): is not a key"},
		{"an anchor that is not used", "common: &common\n  q: 0.3\nseed: 7\n", "config: common.q (file FILE:2): is not a key"},
		{"an unknown key with an alias", "x-a: &a {p: 3}\ncommon: *a\n", "config: common.p (file FILE:1): is not a key"},
		{"anchors in a section", "attackers:\n  x-a: 3\n", "config: attackers.x-a (file FILE:2): is not a key"},
		{"merge key in quotes", "attackers:\n  '<<': {p: 0.3}\n", "config: attackers.<< (file FILE:2): is not a key"},
		{"a list for a key", "? [a]\n: 7\n", "config: file FILE:1: has a list or a mapping where a key belongs"},
		{"a section in itself", "model: &a\n  x: *a\n", "config: model.x (file FILE:2): is not a key"},
		{"an unknown section in itself", "a: &a\n  b: *a\n", "config: a.b (file FILE:2): is not a key"},
		{"tab", "attackers:\n\tp: 0.3\n", "config: file FILE: yaml: line 2: found character that cannot start any token"},
		{"unknown alias", "seed: *a\n", "config: file FILE: yaml: unknown anchor 'a' referenced"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := writeFile(t, tc.text)
			_, err := config.Load(config.Options{File: file})
			require.ErrorContains(t, err, strings.ReplaceAll(tc.want, "FILE", file))
			require.ErrorIs(t, err, config.ErrInvalid)
		})
	}
}

// Merge keys that refer to each other many times are read in no time.
func TestMergesAreReadOnce(t *testing.T) {
	var text strings.Builder
	text.WriteString("x-0: &m0 {p: 0.3}\n")
	for i := range 60 {
		fmt.Fprintf(&text, "x-%d: &m%d {<<: [*m%d, *m%d, *m%d]}\n", i+1, i+1, i, i, i)
	}
	text.WriteString("attackers: {<<: *m60}\n")
	resolved, err := config.Load(config.Options{File: writeFile(t, text.String())})
	require.NoError(t, err)
	require.Equal(t, 0.3, resolved.Config.Attackers.P)
}
