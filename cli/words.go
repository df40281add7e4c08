package cli

import (
	"time"

	"backfire/internal/words"
)

func plural(n int, noun string) string { return words.Plural(n, noun) }

func seconds(s float64) time.Duration { return words.Seconds(s) }

func duration(d time.Duration) string { return words.Duration(d) }
