package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/config"
)

func TestPrimary(t *testing.T) {
	sweep, err := load(t, `
name: mine
grid:
  trigger.sampling: [per_agent, per_image]
  attackers.p: [0.1, 0.2]
primary:
  claims: [c4, C1]
  reading: {trigger: {sampling: per_image}}
  margins: {effect: 0.1}
  looks: [12, 24]
`, config.Options{}, 0)
	require.NoError(t, err)
	require.Equal(t, &config.Primary{
		Claims: []string{"C4", "C1"}, Reading: map[string]string{"trigger.sampling": "per_image"},
		Margins: claims.Margins{Effect: 0.1, Accuracy: 0.01, Correlation: 0.5}, Looks: []int{12, 24},
	}, sweep.Primary)
	var held []string
	for _, p := range sweep.Points {
		if sweep.Primary.Holds(p.Keys) {
			held = append(held, p.Name)
		}
	}
	require.Equal(t, []string{"trigger.sampling = per_image, attackers.p = 0.1", "trigger.sampling = per_image, attackers.p = 0.2"}, held)

	sweep, err = load(t, "name: s", config.Options{}, 0)
	require.NoError(t, err)
	require.Nil(t, sweep.Primary)
	for _, name := range config.Sweeps() {
		sweep, err := config.LoadSweep(name, config.Options{}, 0)
		require.NoError(t, err)
		require.Equal(t, claims.DefaultMargins(), sweep.Primary.Margins, name)
		require.Equal(t, 12, sweep.Primary.Looks[0], name)
	}
}

func TestPrimaryRefuses(t *testing.T) {
	const sampling = "grid: {trigger.sampling: [per_agent]}\nprimary: {claims: [C1], reading: "
	for text, want := range map[string]string{
		"primary: C1":                                             "config: primary (file FILE:2): must hold claims, reading, margins, looks",
		"primary: {}":                                             "config: primary.claims (file FILE:2): must list the claims",
		"primary: {claim: [C1]}":                                  "config: primary.claim (file FILE:2): is not known; the nearest one is claims",
		"primary: {claims: [C1], claims: [C2]}":                   "config: primary.claims (file FILE:2): was already given",
		"primary: {claims: C1}":                                   "config: primary.claims (file FILE:2): must be a list of different claims",
		"primary: {claims: [C1, C1]}":                             "config: primary.claims = C1,C1 (file FILE:2): must be a list of different claims",
		"primary: {claims: [C9]}":                                 `such as [C1, C4]; "C9": no such claim: there are C1 to C8`,
		"primary: {claims: [C1], margins: {effect: 5}}":           "config: primary.margins.effect = 5 (file FILE:2): must be a number between 0 and 1",
		"primary: {claims: [C1], margins: {effects: 5}}":          "config: primary.margins.effects (file FILE:2): is not known; the nearest one is effect",
		"primary: {claims: [C1], margins: {accuracy: [0.1]}}":     "config: primary.margins.accuracy (file FILE:2): must be a number",
		"primary: {claims: [C1], looks: 12}":                      "config: primary.looks (file FILE:2): must be a list of numbers of seeds that ascends",
		"primary: {claims: [C1], looks: [12, 12]}":                "config: primary.looks = 12,12 (file FILE:2): must be a list of numbers of seeds that ascends",
		"primary: {claims: [C1, C2], looks: [6, 12]}":             "config: primary.looks = 6,12 (file FILE:2): must be numbers of seeds from 7 on",
		"primary: {claims: [C1], reading: {attackers.p: 0.2}}":    "config: attackers.p (file FILE:2): cannot be part of the primary reading: neither list nor grid sets it",
		"primary: {claims: [C1], reading: {attackers.pp: 0.2}}":   "config: attackers.pp (file FILE:2): is not a key",
		sampling + "{trigger.sampling: per_image}}":               "config: primary.reading (file FILE:3): is that of no point",
		sampling + "{trigger.sampling: never}}":                   "config: trigger.sampling = never (file FILE:3): must be",
		"primary: {claims: [C1]}\nprimary: {claims: [C1]}":        "config: primary (file FILE:3): was already given in line 2",
		"grid: {attackers.p: [0.1]}\nprimary: {claims: [[C1]]}\n": "config: primary.claims (file FILE:3): must be a list of different claims",
	} {
		file := writeFile(t, "name: s\n"+text)
		_, err := config.LoadSweep(file, config.Options{}, 0)
		require.ErrorContains(t, err, strings.ReplaceAll(want, "FILE", file), text)
		require.ErrorIs(t, err, config.ErrInvalid, text)
	}
}
