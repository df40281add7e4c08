package enginetest

import (
	"backfire/config"
)

func InPrecision(precision string) func(*config.Config) {
	return func(c *config.Config) { c.Train.Precision = precision }
}
