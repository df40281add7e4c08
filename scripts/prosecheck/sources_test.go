package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizes(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"short":         {"package a\n", []string{}},
		"longest file":  {"package a\n" + strings.Repeat("\n", 399), []string{}},
		"long file":     {"package a\n" + strings.Repeat("\n", 400), []string{"401: the file has 401 lines: split it by concept into files of at most 400"}},
		"longest func":  {"package a\n\nfunc f() {\n" + strings.Repeat("\n", 58) + "}\n", []string{}},
		"long func":     {"package a\n\n// f is long.\nfunc f() {\n" + strings.Repeat("\n", 59) + "}\n", []string{"4: f has 61 lines: split it into functions of at most 60"}},
		"most exported": {"package a\n" + strings.Repeat("func A() {}\n", 60), []string{}},
		"all kinds": {
			"package a\n" + strings.Repeat("func A() {}\nfunc (a A) B() {}\nfunc a() {}\ntype T struct{ A int }\nconst A, b = 1, 1\nvar A, B int\n", 13),
			[]string{"1: package a exports 65 names: unexport some or split it, at most 60"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, found(t, tc.text, false))
		})
	}
}

// The names of a package are counted over its files, without its tests.
func TestExportedNamesOfAPackage(t *testing.T) {
	forty := "package a\n\nvar A" + strings.Repeat(", A", 39) + " int\n"
	findings, err := checkTree(tree(map[string]string{"a/b.go": forty, "a/a_test.go": forty, "b/a.go": forty}), false)
	require.NoError(t, err)
	require.Empty(t, findings)
	findings, err = checkTree(tree(map[string]string{"a/c.go": forty, "a/b.go": "// Package a exists.\n" + forty}), false)
	require.NoError(t, err)
	require.Equal(t, []finding{{"a/b.go", 2, "package a exports 80 names: unexport some or split it, at most 60"}}, findings)
}
