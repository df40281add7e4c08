package network_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/network"
)

// The published sizes of the networks for images of CIFAR-10, without running statistics
// where papers leave them out, in millions of trained values.
func TestSizes(t *testing.T) {
	for name, want := range map[string]float64{
		"resnet18": 11.17, "resnet34": 21.28, "preact_resnet18": 11.17, "resnet9": 6.57, "vgg11_bn": 9.23, "smallcnn": 1.15,
	} {
		n, err := network.Describe(network.Spec{Architecture: name, Width: 64, Channels: 3, Classes: 10})
		require.NoError(t, err)
		trained := int64(0)
		for _, tensor := range n.Tensors() {
			values := int64(1)
			for _, d := range tensor.Shape {
				values *= d
			}
			if name := tensor.Name; len(name) < 8 || name[len(name)-5:] != "_mean" && name[len(name)-4:] != "_var" {
				trained += values
			}
		}
		require.InDelta(t, want, float64(trained)/1e6, 0.011, name)
		require.Positive(t, n.Size(32, 32).Products)
		require.Positive(t, n.Size(32, 32).Maps)
		require.NotEqual(t, name, network.Title(name))
	}
	require.Len(t, network.Architectures(), 6)
	require.Equal(t, "other", network.Title("other"))
}

func TestDescribeRefuses(t *testing.T) {
	for _, s := range []network.Spec{
		{Architecture: "alexnet", Width: 1}, {Architecture: "vgg11_bn", Stem: network.StemLarge}, {Architecture: network.ResNet18, Stem: "tiny"},
	} {
		_, err := network.Describe(s)
		require.Error(t, err)
	}
	large, err := network.Describe(network.Spec{Architecture: network.ResNet18, Stem: network.StemLarge, Width: 2, Channels: 3, Classes: 2})
	require.NoError(t, err)
	require.Equal(t, 32, large.MinSide)
}
