package config

import (
	"fmt"
	"slices"
	"strings"
)

// Reference returns the documentation of all settings as Markdown; docs/config.md
// is this text.
func Reference() string {
	var doc strings.Builder
	doc.WriteString(referenceIntroduction)
	for _, section := range sections() {
		title := section
		if title == "" {
			title = "without a section"
		}
		fmt.Fprintf(&doc, "\n### %s\n\n| key | default | allowed | what it sets | flag |\n|---|---|---|---|---|\n", title)
		for _, key := range declared() {
			if key.section() == section {
				fmt.Fprintf(&doc, "| `%s` | %s | %s | %s | %s |\n",
					key.Name, cell(key.DefaultText()), cell(key.Values()), cell(key.Help), flagText(key))
			}
		}
	}
	doc.WriteString("\n## Environment variables\n\n" +
		"The variable of a key is `" + EnvPrefix + "` and the key in capitals with `_` for the dot:\n" +
		"`train.weight_decay` is `BACKFIRE_TRAIN_WEIGHT_DECAY`. An empty variable counts as not set.\n" +
		"Any other variable that begins with `" + EnvPrefix + "` is refused, but for these:\n\n" +
		"| variable | what it is |\n|---|---|\n")
	for _, key := range declared() {
		for _, alias := range key.Env[1:] {
			fmt.Fprintf(&doc, "| `%s` | another name of `%s`, which wins over it |\n", alias, key.Env[0])
		}
	}
	for _, variable := range Variables() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", variable.Name, cell(variable.Help))
	}
	doc.WriteString("\n## Presets\n\n`--preset NAME` starts from one of these; `backfire config presets NAME` prints it with a comment for every value.\n\n" +
		"| preset | what it is |\n|---|---|\n")
	for _, preset := range Presets() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", preset, cell(PresetSummary(preset)))
	}
	doc.WriteString(referenceSweeps)
	for _, name := range Sweeps() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", name, cell(sweepTitle(name)))
	}
	return doc.String()
}

const referenceSweeps = `
## Sweeps

A sweep is a YAML file that makes many configurations, its points, out of one. It has these keys, all but the
name optional:

| key | what it is |
|---|---|
| ` + "`name`" + `, ` + "`title`" + ` | a short name; a line for people |
| ` + "`preset`" + ` | the preset to start from, unless ` + "`--preset`" + ` names another |
| ` + "`base`" + ` | settings of all points, written as in a configuration file |
| ` + "`presets`" + ` | for each preset that needs it: settings that hold with that preset, over those of base |
| ` + "`list`" + ` | a list of points, each with the settings it differs in and, if you like, a name |
| ` + "`grid`" + ` | for each key a list of values: every combination of them, for each point of the list |
| ` + "`verify`" + ` | settings in place of a point's own in the single games that its triggers have to prove themselves in (` + "`trigger.min_single_asr`" + `); the point plays with the triggers kept there |
| ` + "`seeds`" + ` | the number of seeds (from the key ` + "`seed`" + ` on) or a list of seeds; every point is repeated for each |

What the points set wins over everything else; setting one of these keys by environment, ` + "`--set`" + ` or flag is an
error. All else may be changed that way: a sweep's base comes after the preset and before the configuration file.
The whole file is checked before anything is done, points that are equal are made once, and there are at most
10,000. So 2 x 2 x 3 points:

` + "```yaml" + `
name: pool and p
preset: quick
base:
  attackers: {counts: [1, 5], singles: 0}
grid:
  pool.size: [2500, 5000]
  attackers.p: [0.1, 0.2]
seeds: 3
` + "```" + `

These sweeps are within the program:

| sweep | what it is |
|---|---|
`

const referenceIntroduction = `# Configuration

<!-- Written by "go test ./config -regen" from the declarations in config/config.go; do not edit. -->

A setting has one key, such as ` + "`attackers.p`" + `, always written in lower case with underscores. Its value is
taken from the last of these that gives one:

1. the default;
2. a preset: ` + "`--preset quick`" + `;
3. a configuration file: ` + "`--config my.yaml`" + ` (YAML; sections may be nested or written out as ` + "`attackers.p: 0.3`" + `);
4. the environment: ` + "`BACKFIRE_ATTACKERS_P=0.3`" + `;
5. ` + "`--set attackers.p=0.3`" + `, which works for every key and may be repeated;
6. the flags of the common keys: ` + "`--p 0.3`" + `.

Lists are written ` + "`[1, 2, 5]`" + ` in files and ` + "`1,2,5`" + ` elsewhere, and replace each other as a whole. A key that may be
unset is unset again by ` + "`null`" + ` in a file or by ` + "`--set key=`" + `.

An unknown key, a value of the wrong type and one that is not allowed are refused wherever they stand, before
anything else is done. ` + "`backfire config show`" + ` prints the resolved settings with the source of each, and
` + "`backfire config show --format yaml`" + ` a file that gives the same settings again.

## Keys
`

// section returns the key's section; empty for a key without one.
func (k Key) section() string {
	section, _, nested := strings.Cut(k.Name, ".")
	if !nested {
		return ""
	}
	return section
}

// sections returns the sections in the order of their declaration.
func sections() []string {
	var names []string
	for _, key := range declared() {
		if !slices.Contains(names, key.section()) {
			names = append(names, key.section())
		}
	}
	return names
}

// flagText returns the key's flag as code in Markdown; empty without one.
func flagText(k Key) string {
	if k.Flag == "" {
		return ""
	}
	return "`--" + k.Flag + "`"
}

// cell keeps text within a cell of a Markdown table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
