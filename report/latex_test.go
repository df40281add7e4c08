package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
			require.NoError(t, os.WriteFile(filepath.Join(dir, "table.tex"), []byte(written(t, made, table.FormatLaTeX)), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tex"), []byte(document), 0o600))
			cmd := exec.Command(compiler, "-interaction=nonstopmode", "-halt-on-error", "main.tex")
			cmd.Dir = dir
			log, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", log)
			require.FileExists(t, filepath.Join(dir, "main.pdf"))
			require.Empty(t, regexp.MustCompile(`Overfull \\hbox[^\n]*|Float too large[^\n]*`).FindAllString(string(log), -1), "%s", written(t, made, table.FormatLaTeX))
			require.Equal(t, 1, strings.Count(string(log), "Output written on main.pdf (1 page"), "%s", log)
		})
	}
}
