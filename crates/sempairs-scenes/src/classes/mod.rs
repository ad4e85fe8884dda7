mod animals;
mod buildings;
mod household;
mod plants;
mod things;
mod vehicles;
mod wearables;

use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::{Instance, SceneSplit};

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident $name:literal $split:ident $draw:path;)*) => {
        /// Class of the object that a scene shows.
        ///
        /// Twenty classes are for pre-training, twelve for the downstream task and twelve for
        /// validation. The three sets have parts in common (wheels, windows, legs, roofs, handles,
        /// wings), but no classes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Class {
            $($(#[$doc])* $class,)*
        }

        impl Class {
            /// All classes.
            pub const ALL: &[Class] = &[$(Class::$class),*];

            /// Name of the class.
            pub fn name(self) -> &'static str {
                match self {
                    $(Class::$class => $name,)*
                }
            }

            fn set(self) -> Set {
                match self {
                    $(Class::$class => Set::$split,)*
                }
            }

            /// The parts of an object of the class.
            pub(super) fn figure(self, instance: &Instance) -> Figure {
                let mut figure = Figure::default();
                match self {
                    $(Class::$class => $draw(&mut figure, instance),)*
                }
                figure
            }
        }
    };
}

/// The disjoint sets of classes.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Pretrain,
    Downstream,
    Validation,
}

impl Class {
    /// The classes of a split, in the order of their indices.
    pub fn of(split: SceneSplit) -> Vec<Class> {
        let set = match split {
            SceneSplit::Pretrain => Set::Pretrain,
            SceneSplit::DownstreamTrain | SceneSplit::DownstreamTest => Set::Downstream,
            SceneSplit::ValidationTrain | SceneSplit::ValidationTest => Set::Validation,
        };
        Self::ALL.iter().copied().filter(|class| class.set() == set).collect()
    }
}

classes! {
    /// A car from the side.
    Car "car" Pretrain vehicles::car;
    /// A bus.
    Bus "bus" Pretrain vehicles::bus;
    /// A steam locomotive.
    Train "train" Pretrain vehicles::train;
    /// A bicycle.
    Bicycle "bicycle" Pretrain vehicles::bicycle;
    /// An aeroplane.
    Aeroplane "aeroplane" Pretrain vehicles::aeroplane;
    /// A standing bird.
    Bird "bird" Pretrain animals::bird;
    /// A fish.
    Fish "fish" Pretrain animals::fish;
    /// A dog.
    Dog "dog" Pretrain animals::dog;
    /// A house.
    House "house" Pretrain buildings::house;
    /// A castle.
    Castle "castle" Pretrain buildings::castle;
    /// A cup.
    Cup "cup" Pretrain household::cup;
    /// A bottle.
    Bottle "bottle" Pretrain household::bottle;
    /// A chair.
    Chair "chair" Pretrain household::chair;
    /// A clock.
    Clock "clock" Pretrain household::clock;
    /// A tree.
    Tree "tree" Pretrain plants::tree;
    /// A mushroom.
    Mushroom "mushroom" Pretrain plants::mushroom;
    /// An open umbrella.
    Umbrella "umbrella" Pretrain wearables::umbrella;
    /// A hat.
    Hat "hat" Pretrain wearables::hat;
    /// A guitar.
    Guitar "guitar" Pretrain things::guitar;
    /// A key.
    Key "key" Pretrain things::key;
    /// A lorry.
    Truck "truck" Downstream vehicles::truck;
    /// A sailing ship.
    Ship "ship" Downstream vehicles::ship;
    /// A horse.
    Horse "horse" Downstream animals::horse;
    /// A butterfly.
    Butterfly "butterfly" Downstream animals::butterfly;
    /// A church.
    Church "church" Downstream buildings::church;
    /// A teapot.
    Teapot "teapot" Downstream household::teapot;
    /// A standing lamp.
    Lamp "lamp" Downstream household::lamp;
    /// A table.
    Table "table" Downstream household::table;
    /// A flower in a pot.
    Flower "flower" Downstream plants::flower;
    /// A shoe.
    Shoe "shoe" Downstream wearables::shoe;
    /// A pair of scissors.
    Scissors "scissors" Downstream things::scissors;
    /// A hammer.
    Hammer "hammer" Downstream things::hammer;
    /// A helicopter.
    Helicopter "helicopter" Validation vehicles::helicopter;
    /// A tractor.
    Tractor "tractor" Validation vehicles::tractor;
    /// A hot-air balloon.
    Balloon "balloon" Validation vehicles::balloon;
    /// An elephant.
    Elephant "elephant" Validation animals::elephant;
    /// A snail.
    Snail "snail" Validation animals::snail;
    /// A windmill.
    Windmill "windmill" Validation buildings::windmill;
    /// A lighthouse.
    Lighthouse "lighthouse" Validation buildings::lighthouse;
    /// A pan.
    Pan "pan" Validation household::pan;
    /// A cactus in a pot.
    Cactus "cactus" Validation plants::cactus;
    /// A shirt.
    Shirt "shirt" Validation wearables::shirt;
    /// An anchor.
    Anchor "anchor" Validation things::anchor;
    /// A saw.
    Saw "saw" Validation things::saw;
}
