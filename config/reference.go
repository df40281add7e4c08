package config

import (
	"fmt"
	"slices"
	"strings"
)

// Reference returns the documentation of all settings as Markdown. The file
// docs/config.md has this text.
func Reference() string {
	var doc strings.Builder
	doc.WriteString(referenceIntroduction)
	for _, section := range sections() {
		title := section
		if title == "" {
			title = "without a section"
		}
		fmt.Fprintf(&doc, "\n### %s\n\n| key | default | allowed | meaning | flag |\n|---|---|---|---|---|\n", title)
		for _, key := range declared() {
			if key.section() == section {
				fmt.Fprintf(&doc, "| `%s` | %s | %s | %s | %s |\n",
					key.Name, tableCell(key.DefaultText()), tableCell(key.Values()), tableCell(key.Help), flagText(key))
			}
		}
	}
	doc.WriteString("\n## Environment variables\n\n" +
		"The variable of a key is `" + EnvPrefix + "` followed by the key in capitals, with `_` for the dot:\n" +
		"`train.weight_decay` is `BACKFIRE_TRAIN_WEIGHT_DECAY`. An empty variable counts as not set. The\n" +
		"program refuses any other variable that begins with `" + EnvPrefix + "`, apart from these:\n\n" +
		"| variable | meaning |\n|---|---|\n")
	for _, key := range declared() {
		for _, alias := range key.Env[1:] {
			fmt.Fprintf(&doc, "| `%s` | another name of `%s`, which overrides it |\n", alias, key.Env[0])
		}
	}
	for _, variable := range Variables() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", variable.Name, tableCell(variable.Help))
	}
	doc.WriteString("\n## Presets\n\n`--preset NAME` starts from one of these. `backfire config presets NAME` prints it with a\n" +
		"comment for every value.\n\n| preset | contents |\n|---|---|\n")
	for _, preset := range Presets() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", preset, tableCell(PresetSummary(preset)))
	}
	doc.WriteString(referenceSweeps)
	for _, name := range Sweeps() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", name, tableCell(sweepTitle(name)))
	}
	return doc.String()
}

const referenceSweeps = `
## Sweeps

A sweep is a YAML file that makes many configurations, its points, from one. It has these keys, of
which only the name is required:

| key | value |
|---|---|
| ` + "`name`" + `, ` + "`title`" + ` | a short name, and one line that describes the sweep |
| ` + "`preset`" + ` | the preset to start from, unless ` + "`--preset`" + ` names another one |
| ` + "`base`" + ` | settings of all points, written as in a configuration file |
| ` + "`presets`" + ` | for each preset that needs them: settings that override those of base with that preset |
| ` + "`list`" + ` | a list of points, each with the settings in which it differs and, optionally, a name |
| ` + "`grid`" + ` | for each key a list of values: every combination of them, for each point of the list |
| ` + "`verify`" + ` | settings that override a point's own in the single games in which its triggers are verified (` + "`trigger.min_single_asr`" + `); the point plays with the triggers that are kept there |
| ` + "`seeds`" + ` | the number of seeds, from the key ` + "`seed`" + ` on, or a list of seeds; every point is repeated for each |

The settings of the points override all others. It is an error to set one of their keys by
environment, ` + "`--set`" + ` or flag. All other keys can be changed that way: a sweep's base comes after the
preset and before the configuration file. The whole file is checked before anything is done. Equal
points are made once, and there are at most 10,000. This sweep has 2 x 2 x 3 points:

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

These sweeps are part of the program:

| sweep | contents |
|---|---|
`

const referenceIntroduction = `# Configuration

<!-- Written by "go test ./config -regen" from config/config.go; do not edit. -->

A setting has one key, such as ` + "`attackers.p`" + `, always written in lower case with underscores. Its
value comes from the last of these sources that has one:

1. the default;
2. a preset: ` + "`--preset quick`" + `;
3. a configuration file: ` + "`--config my.yaml`" + ` (YAML; sections are nested, or written out as
   ` + "`attackers.p: 0.3`" + `);
4. the environment: ` + "`BACKFIRE_ATTACKERS_P=0.3`" + `;
5. ` + "`--set attackers.p=0.3`" + `, which works for every key and can be repeated;
6. the flags of the common keys: ` + "`--p 0.3`" + `.

A list is written ` + "`[1, 2, 5]`" + ` in a file and ` + "`1,2,5`" + ` elsewhere. It replaces the whole list of an
earlier source. To unset a key that has no default, write ` + "`null`" + ` in a file, or ` + "`--set key=`" + `.

Before it does anything else, the program refuses an unknown key, a value of the wrong type and a
value that is not allowed, in whichever source it is. ` + "`backfire config show`" + ` prints the resolved
settings with the source of each. ` + "`backfire config show --format yaml`" + ` prints a file that resolves
to the same settings.

## Keys
`

// section returns the key's section; empty if it has none.
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

// flagText returns the key's flag as code in Markdown; empty if it has none.
func flagText(k Key) string {
	if k.Flag == "" {
		return ""
	}
	return "`--" + k.Flag + "`"
}

// tableCell escapes text for a cell of a Markdown table.
func tableCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
