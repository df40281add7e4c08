package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/report/layout/layouttest"
	"backfire/report/table"
)

// document is the smallest document that takes a table. The lines of this class are
// shorter than those of most others.
const document = `\documentclass[a4paper]{article}
\usepackage{booktabs,graphicx}
\begin{document}
\input{table}
\end{document}
`

// Every table compiles, and fits on the page.
func TestLaTeXCompiles(t *testing.T) {
	compiler, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("pdflatex is not installed: the LaTeX output is compared with its golden files only")
	}
	for name, tc := range madeUpTables() {
		t.Run(name, func(t *testing.T) {
			made, err := New(tc.kind, tc.summary, tc.dataset, tc.options)
			require.NoError(t, err)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "table.tex"), []byte(layouttest.Written(t, made, table.FormatLaTeX)), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tex"), []byte(document), 0o600))
			cmd := exec.Command(compiler, "-interaction=nonstopmode", "-halt-on-error", "main.tex")
			cmd.Dir = dir
			log, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", log)
			require.FileExists(t, filepath.Join(dir, "main.pdf"))
			require.Empty(t, regexp.MustCompile(`Overfull \\hbox[^\n]*|Float too large[^\n]*`).FindAllString(string(log), -1), "%s", layouttest.Written(t, made, table.FormatLaTeX))
			pages := regexp.MustCompile(`Output written on main\.pdf \((\d+) page`).FindStringSubmatch(string(log))
			require.Len(t, pages, 2, "%s", log)
			floats := strings.Count(layouttest.Written(t, made, table.FormatLaTeX), `\begin{table}`)
			require.LessOrEqual(t, pages[1], strconv.Itoa(floats), "a float is a page at most")
			require.Equal(t, name == "filters" || name == "values", floats > 1, "a long table is continued")
		})
	}
}
