//! Defaults where classes lie in a row: iris, whose middle class neither one against the rest nor a softmax polynomial for classes that
//! stand out describes.
#![allow(clippy::unwrap_used)]

mod common;

use head_fit::fhe_head::SoftmaxForm;
use head_fit::{Classifier, Data, Kind, Metrics, stratified_folds};

#[test]
fn the_polynomial_for_classes_in_a_row_is_chosen_and_fits() {
    let (x, y) = common::iris();
    let (mut log_loss, mut in_a_row) = (0.0, 0);
    let folds = stratified_folds(&y, 5, 0);
    for fold in &folds {
        let parts = common::split(&x, &y, fold);
        let ((x, y), (test_x, test_y)) = (&parts.train, &parts.test);
        let training = Classifier::default().prepare(&Data::new(x.view(), y.view()).unwrap(), None).unwrap();
        in_a_row += usize::from(training.options.kind == Kind::Softmax { form: Some(SoftmaxForm::InARow) });
        let model = training.model(&training.train_simulated().unwrap().weights).unwrap();
        let metrics =
            Metrics::of_classes(&test_y.to_vec(), &model.predict_proba(&test_x.view()).unwrap().view());
        println!("{:?}: {:.4}", training.options, metrics.log_loss);
        log_loss += metrics.log_loss / folds.len() as f64;
    }
    println!("log loss {log_loss:.4}");
    assert!(log_loss < 0.17, "{log_loss}");
    assert!(in_a_row >= 3, "{in_a_row}");
}
