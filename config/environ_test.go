package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// The variables that Kubernetes sets for services called backfire, backfire-store and
// backfire-data-2 stop nothing and change nothing.
func TestServiceVariables(t *testing.T) {
	for _, service := range []string{"BACKFIRE", "BACKFIRE_STORE", "BACKFIRE_DATA_2"} {
		var environ []string
		for _, variable := range []string{
			"_SERVICE_HOST=10.0.0.7", "_SERVICE_PORT=6006", "_SERVICE_PORT_HTTP=6006", "_SERVICE_PORT_TENSOR_BOARD=6006", "_PORT=tcp://10.0.0.7:6006",
			"_PORT_6006_TCP=tcp://10.0.0.7:6006", "_PORT_6006_TCP_PROTO=tcp", "_PORT_6006_TCP_PORT=6006", "_PORT_6006_TCP_ADDR=10.0.0.7",
			"_PORT_53_UDP=udp://10.0.0.7:53", "_PORT_53_UDP_ADDR=10.0.0.7", "_PORT_9_SCTP_PROTO=sctp",
		} {
			environ = append(environ, service+variable)
		}
		resolved, err := config.Load(config.Options{Environ: environ})
		require.NoError(t, err)
		require.Equal(t, "default", resolved.Sources["store"])
	}
	for _, variable := range []string{"BACKFIRE_PORTS=1", "BACKFIRE_STORES=x", "BACKFIRE_PORT_HTTP=1", "BACKFIRE_PORT_6006=1", "BACKFIRE_PORT_6006_TCP_HOST=x", "BACKFIRE_SERVICE=x"} {
		_, err := config.Load(config.Options{Environ: []string{variable}})
		require.ErrorContains(t, err, "is not known; the nearest one is", variable)
	}
}

// A variable of a program that takes a path, and to which nothing replaces ~, is refused.
func TestVariablesWithTilde(t *testing.T) {
	for _, name := range []string{"BACKFIRE_CACHE", "BACKFIRE_ENGINE", "BACKFIRE_PYTHON", "LIBTORCH"} {
		_, err := config.Load(config.Options{Environ: []string{"HOME=/home", name + "=~/x"}})
		require.EqualError(t, err, "config: environment variable "+name+" = ~/x: begins with ~, which is not replaced there; write the whole path")
		_, err = config.Load(config.Options{Environ: []string{"HOME=/home", name + "=/home/~/x"}})
		require.NoError(t, err)
	}
}
