package table

import (
	"backfire/game"
	"backfire/stats"
)

// AttackerRow is one attacker of one game of one seed: a line of FormatCSV.
type AttackerRow struct {
	Point string            `json:"point"`
	Keys  map[string]string `json:"keys"`
	Seed  uint64            `json:"seed"`
	// Repetition is the number of this training of the game, from 1 on, and TrainingSeed its
	// seed, where the game has several trainings; otherwise both are 0.
	Repetition   int    `json:"repetition,omitempty"`
	TrainingSeed uint64 `json:"training_seed,omitempty"`

	Defender string `json:"defender"`
	N        int    `json:"n"`
	Cell     string `json:"cell"`   // hash of the model that answers the attacker's queries
	Models   int    `json:"models"` // trained for the game, by this defender

	Attacker int `json:"attacker"`
	// Target is null and Label empty with the mapping all_to_all.
	Target game.TargetLabel `json:"target"`
	Label  string           `json:"label"`
	// Mapping and Sources are those of the attacker's labels, see game.Attacker; empty: the
	// target is wanted for all images.
	Mapping    string       `json:"mapping,omitempty"`
	Sources    []string     `json:"sources,omitempty"` // names of classes
	Poisoned   int          `json:"poisoned"`          // images
	PoisonRate float64      `json:"p0"`
	P1         float64      `json:"p1"`
	P2         float64      `json:"p2"`
	Redraws    int          `json:"redraws"` // triggers that were drawn before and not kept
	ASR        game.Rate    `json:"asr"`
	BaseRate   game.Rate    `json:"base_rate"`
	Lift       stats.Number `json:"lift"`
	Robustness game.Rate    `json:"robustness"`
	// SingleASR is the ASR in the matched single; nil: not played. Interference is Lift minus
	// the lift there, Dilution the lift there minus that in the lone game, ShareLaw the ASR
	// that the law of shares predicts, each of undefended games alone.
	SingleASR    *game.Rate    `json:"single_asr"`
	Interference *stats.Number `json:"interference"`
	Dilution     *stats.Number `json:"dilution"`
	ShareLaw     *stats.Number `json:"share_law"`
	// TransferASR is the ASR where the attacker poisons nothing; nil: not played.
	TransferASR *game.Rate `json:"transfer_asr"`
	// Divergence is that of the attacker's images of its target class; nil: not
	// measured.
	Divergence *Divergence `json:"divergence"`
	// Randomness is that of the predictions for the attacker's stamped images; nil: not
	// measured.
	Randomness *game.Randomness `json:"randomness,omitempty"`

	// Filter counts what the defender's filter removed of the attacker's images; nil: it has
	// none.
	Filter *Filtered `json:"filter,omitempty"`

	CleanAccuracy game.Rate `json:"clean_accuracy"`
	Collapsed     bool      `json:"collapsed"`

	Pool     int      `json:"pool_size"`
	Width    int      `json:"width,omitempty"` // 0, and not written: the network is a module
	Epochs   int      `json:"epochs"`
	Readings Readings `json:"readings"`
}

// Filtered counts what a filter removed of an attacker's images.
type Filtered struct {
	Precision  game.Rate `json:"precision"`   // of the removed images: those with a trigger
	Recall     game.Rate `json:"recall"`      // of the images with a trigger: those that were removed
	HonestLost game.Rate `json:"honest_lost"` // of the images without one: those that were removed
}

// Divergence is the distance of an attacker's images of its target class from all
// agents' images of it, by the features of a model.
type Divergence struct {
	MMD2 stats.Number `json:"mmd2"` // squared maximum mean discrepancy of all its images there: equation 1
	JS   stats.Number `json:"js"`   // Jensen-Shannon divergence in nats
	// Of those with its trigger: a part of equation 2.
	TriggeredMMD2 stats.Number `json:"triggered_mmd2"`
	TriggeredJS   stats.Number `json:"triggered_js"`
}
