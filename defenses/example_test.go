package defenses_test

import (
	"encoding/json"
	"fmt"

	"backfire/defenses"
	"backfire/triggers"
)

// A stack is written as a list of defenses; settings left out have their defaults.
func ExampleStack() {
	var stack defenses.Stack
	if err := json.Unmarshal([]byte(`[{"indexing": {"mode": "grouped", "models": 4}}, "cutmix"]`), &stack); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stack)
	text, err := json.Marshal(stack)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))
	// Output:
	// cutmix+indexing
	// [{"cutmix":{"alpha":1,"probability":1}},{"indexing":{"mode":"grouped","models":4}}]
}

// Defenses can also be added one by one and configured.
func ExampleStack_AddDefault() {
	var stack defenses.Stack
	for _, err := range []error{
		stack.AddDefault(defenses.KindPGD),
		stack.Set(defenses.KindPGD, "epsilon", "4"),
		stack.Validate(),
	} {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%s changes each pixel by at most %v/255\n", stack, defenses.Get[defenses.PGD](stack, defenses.KindPGD).Epsilon)
	// Output:
	// pgd changes each pixel by at most 4/255
}

// Kinds lists all defenses in the order in which a stack applies them.
func ExampleKinds() {
	for _, kind := range defenses.Kinds() {
		fmt.Println(kind)
	}
	// Output:
	// agent_augmentation
	// adversarial_triggers
	// proactive_backdoor
	// cutmix
	// mixup
	// pgd
	// fgsm
	// spectral_signatures
	// activation_clustering
	// loss_isolation
	// perfect_filter
	// fine_tuning
	// fine_pruning
	// neuron_pruning
	// exec
	// indexing
}

// A batcher draws the changes of each batch of a training.
func ExampleBatcher_Draw() {
	var stack defenses.Stack
	for _, err := range []error{stack.AddDefault(defenses.KindAdversarialTriggers), stack.AddDefault(defenses.KindMixUp)} {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	batcher, err := defenses.NewBatcher(stack, triggers.Shape{C: 3, H: 32, W: 32}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	batch := batcher.Draw(0, 0, 8) // epoch 0, step 0, 8 images
	fmt.Println("stamped copies of rows", batch.Stamps.Rows, "are added")
	fmt.Println(len(batch.Mix.Partner), "rows are mixed by", batch.Mix.Kind)
	// Output:
	// stamped copies of rows [1 3 5 6] are added
	// 12 rows are mixed by mixup
}
